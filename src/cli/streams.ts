import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import { isatty } from "node:tty";
import { exitCode } from "./exit-codes.ts";
import { writeNote } from "./output.ts";

/** Standard input, output and error. */
const descriptors = [0, 1, 2];

let outputLost = false;

/**
 * What is written may get lost: the reader stops reading (head), the terminal goes away, the disk is full. No command
 * ends because of that.
 */
export function outliveStreams(): void {
  process.stderr.on("error", () => undefined);
  process.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
    // A reader that has stopped reading has what it wanted.
    if (code === "EPIPE" || outputLost) return;
    outputLost = true;
    writeNote(`error: standard output cannot be written: ${message}\n`);
    process.exitCode = endingWith(process.exitCode);
  });
  const terminals = descriptors.filter((descriptor) => isatty(descriptor));
  process.on("exit", () => leaveTerminals(terminals));
}

/** Waits until all that was written has left the process, or is lost. */
export async function outputWritten(): Promise<void> {
  const written = (stream: NodeJS.WriteStream) =>
    new Promise<void>((resolve) => stream.write("", () => resolve()));
  await Promise.all([written(process.stdout), written(process.stderr)]);
}

/** The exit code, given the verb's own. Lost output is no success: a script would read a part of a result. */
export function endingWith(code: NodeJS.Process["exitCode"]): NodeJS.Process["exitCode"] {
  return outputLost && code === exitCode.done ? exitCode.failed : code;
}

/** Node.js aborts at its end when it cannot set back a terminal that has gone away; so it gets another file there. */
function leaveTerminals(terminals: readonly number[]): void {
  for (const descriptor of terminals) {
    if (isatty(descriptor)) continue;
    closeSync(descriptor);
    openSync(devNull, "r+");
  }
}
