import { spawn } from "node:child_process";
import type { Outcome } from "../core/outcome.ts";

/** What a verify command receives on standard input, as JSON. */
export interface VerifyInput {
  readonly rollout: string;
  readonly wave: string;
  readonly outcomes: readonly Outcome[];
}

/**
 * Runs the user's verify command in a shell. Its output goes to standard error, because standard output is for the
 * rollout's events.
 *
 * @param signal terminates the command
 * @returns its exit code; undefined when a signal terminated it or it could not be started
 */
export function verify(
  command: string,
  input: VerifyInput,
  signal: AbortSignal,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    // In its own process group, so that everything the shell starts is terminated with it.
    const child = spawn(command, { shell: true, stdio: ["pipe", 2, 2], detached: true });
    const end = () => void (child.pid !== undefined && process.kill(-child.pid, "SIGTERM"));
    signal.addEventListener("abort", end, { once: true });
    child.once("error", () => resolve(undefined));
    child.once("close", (code) => {
      signal.removeEventListener("abort", end);
      resolve(code ?? undefined);
    });
    // A command does not have to read its input.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(JSON.stringify(input));
  });
}
