import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import { isatty } from "node:tty";
import { exitCode } from "./exit-codes.ts";
import { writeNote } from "./output.ts";

/** Standard input, output and error. */
const descriptors = [0, 1, 2];

let outputLost = false;

/**
 * Keeps the process running if its output is lost: the reader stops reading (head), the terminal goes away, or the disk
 * is full.
 *
 * @param onLost called once if standard output could not be written
 */
export function surviveLostOutput(onLost: () => void): void {
  process.stderr.on("error", () => undefined);
  process.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
    // A reader that has stopped reading has read what it wanted.
    if (code === "EPIPE" || outputLost) return;
    outputLost = true;
    writeNote(`error: cannot write to standard output: ${message}\n`);
    onLost();
  });
  const terminals = descriptors.filter((descriptor) => isatty(descriptor));
  process.on("exit", () => replaceLostTerminals(terminals));
}

/** Waits until all output has left the process or is lost. */
export async function outputWritten(): Promise<void> {
  const written = (stream: NodeJS.WriteStream) =>
    new Promise<void>((resolve) => stream.write("", () => resolve()));
  await Promise.all([written(process.stdout), written(process.stderr)]);
}

/** The exit code, given the verb's own. Lost output is a failure: a script would read an incomplete result. */
export function finalExitCode(code: NodeJS.Process["exitCode"]): NodeJS.Process["exitCode"] {
  return outputLost && code === exitCode.done ? exitCode.failed : code;
}

/** Replaces terminals that have gone away: Node.js aborts when it exits and cannot reset one. */
function replaceLostTerminals(terminals: readonly number[]): void {
  for (const descriptor of terminals) {
    if (isatty(descriptor)) continue;
    closeSync(descriptor);
    openSync(devNull, "r+");
  }
}
