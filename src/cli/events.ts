import type { Observer } from "../core/events.ts";

/** Writes an event as one line of JSON, with the time it happened. */
export const writeEvent: Observer = (event) =>
  writeLine({ at: new Date().toISOString(), ...event });

/** Writes one line of JSON to standard output. */
export function writeLine(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
