import { writeNote } from "./output.ts";

/** Aborted by the first SIGINT, SIGTERM or SIGHUP: work in progress finishes, nothing new starts. */
const stop = new AbortController();

/** Aborted by the second SIGINT or SIGTERM: work in progress is cancelled. */
const cancel = new AbortController();

export const stopSignal: AbortSignal = stop.signal;
export const cancelSignal: AbortSignal = cancel.signal;

/** The number of pieces of work that must finish even if the user interrupts. */
let unfinished = 0;

/** Declares that work has begun that a signal must not cut short. Call the returned function when it has ended. */
export function beginWork(): () => void {
  unfinished += 1;
  return () => {
    unfinished -= 1;
  };
}

/** Declares that the command is done: the next signal ends the process. */
export function endOfWork(): void {
  unfinished = 0;
}

export function wasInterrupted(): boolean {
  return stop.signal.aborted;
}

/** The same signal twice within this many milliseconds counts once: a terminal and npm both pass on a Ctrl-C. */
const sameSignalMs = 100;

/**
 * Handles signals. Without work in progress, a signal ends the process. Otherwise the first one stops, the second one
 * cancels, and the third one ends the process. SIGHUP only ever counts as the first: a terminal that goes away may send
 * it several times.
 *
 * @param end ends the process
 */
export function listenForInterruption(end: () => void): void {
  let last = { name: "", at: 0 };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      const now = performance.now();
      const repeated = name === last.name && now - last.at < sameSignalMs;
      last = { name, at: now };
      if (wasInterrupted() && (repeated || name === "SIGHUP")) return;
      if (unfinished === 0 || cancel.signal.aborted) end();
      else if (wasInterrupted()) cancelWork();
      else stopWork();
    });
  }
}

function stopWork(): void {
  writeNote(
    "\nStopping: no new migrations start, and running ones finish. Press Ctrl-C again to cancel them.\n",
  );
  stop.abort();
}

function cancelWork(): void {
  writeNote("\nCancelling the running migrations. Press Ctrl-C again to exit without a report.\n");
  cancel.abort();
}
