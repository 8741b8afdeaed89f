import { setFlagsFromString } from "node:v8";
import { exitCode } from "./exit-codes.ts";
import { endOfWork, listenForInterruption } from "./interruption.ts";
import { run } from "./run.ts";
import { finalExitCode, outputWritten, surviveLostOutput } from "./streams.ts";

/**
 * How long a process that is done may take to end by itself, in milliseconds. Something in the project's own code may
 * keep Node's event loop alive: a database client of `tenants`, a server, an interval.
 */
const graceMs = 500;

// Keeps V8's space for new objects small. A large rollout takes 3 % longer, and 20 MB less memory.
setFlagsFromString("--semi-space-growth-factor=1");

let isEnding = false;

/** Ends the process once all output has been read. A second call ends it at once. */
function end(): void {
  const code = process.exitCode ?? exitCode.interrupted;
  if (isEnding) process.exit(code);
  isEnding = true;
  void outputWritten().then(() => process.exit(code));
}

surviveLostOutput(() => {
  process.exitCode = finalExitCode(process.exitCode);
});
listenForInterruption(end);
process.exitCode = finalExitCode(await run(process.argv));
endOfWork();
setTimeout(() => void outputWritten().then(() => process.exit()), graceMs).unref();
