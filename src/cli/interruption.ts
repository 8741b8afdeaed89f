import { duration } from "../core/time.ts";
import { writeNote } from "./output.ts";

/** Aborted by the first SIGINT, SIGTERM or SIGHUP: work in progress finishes, nothing new starts. */
const stop = new AbortController();

/** Aborted by the second SIGINT or SIGTERM: work in progress is cancelled. */
const cancel = new AbortController();

const isTerminal = process.stderr.isTTY === true;

/** How long work may go on after the first signal, in milliseconds; undefined: until a second signal. */
let graceMs = isTerminal ? undefined : 20_000;

/**
 * Sets how long work may go on after the first signal. By default there is no limit on a terminal, where the user can send
 * a second signal, and 20 seconds elsewhere: Kubernetes kills a process 30 seconds after its only signal.
 *
 * @param ms milliseconds, from 0
 */
export function setGrace(ms: number): void {
  graceMs = ms;
}

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
 * Handles signals. Without work in progress, a signal ends the process. Otherwise the first one stops, the second one or
 * the end of the grace period cancels, and the next one ends the process. SIGHUP only ever counts as the first: a terminal that goes away may send
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
  const next =
    graceMs === undefined
      ? "Press Ctrl-C again to cancel them."
      : `Those that take longer than ${duration(graceMs)} are cancelled.`;
  writeNote(`\nStopping: no new migrations start, and running ones finish. ${next}\n`);
  stop.abort();
  if (graceMs !== undefined) setTimeout(cancelWork, graceMs).unref();
}

function cancelWork(): void {
  if (unfinished === 0 || cancel.signal.aborted) return;
  const next = isTerminal ? " Press Ctrl-C again to exit without a report." : "";
  writeNote(`\nCancelling the running migrations.${next}\n`);
  cancel.abort();
}
