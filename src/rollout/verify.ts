import { spawn } from "node:child_process";
import type { Outcome } from "../core/outcome.ts";

/** What a verify command reads on its standard input, as JSON. */
export interface VerifyInput {
  readonly rollout: string;
  readonly wave: string;
  readonly outcomes: readonly Outcome[];
}

/**
 * Runs the user's verify command in a shell. What it writes goes to standard error, where people look: standard
 * output belongs to the events.
 *
 * @param signal ends the command
 * @returns its exit code; undefined when a signal ended it or it could not be started
 */
export function verify(
  command: string,
  input: VerifyInput,
  signal: AbortSignal,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    // A group of its own, so that what the shell has started ends with it.
    const child = spawn(command, { shell: true, stdio: ["pipe", 2, 2], detached: true });
    const end = () => void (child.pid !== undefined && process.kill(-child.pid, "SIGTERM"));
    signal.addEventListener("abort", end, { once: true });
    child.once("error", () => resolve(undefined));
    child.once("close", (code) => {
      signal.removeEventListener("abort", end);
      resolve(code ?? undefined);
    });
    // A command need not read its input.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(JSON.stringify(input));
  });
}
