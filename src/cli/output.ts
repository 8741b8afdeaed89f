import type { Observer } from "../core/events.ts";

/** Writes text for people: wrapped for the terminal where there is one. */
export async function printText(
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): Promise<void> {
  const { wrapLines } = await import("../report/wrap.ts");
  stream.write(`${wrapLines(text, stream)}\n`);
}

/** Writes a document to standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Writes one line of JSON to standard output. */
export function writeLine(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Writes an event as one line of JSON, with the time it happened. */
export const writeEvent: Observer = (event) =>
  writeLine({ at: new Date().toISOString(), ...event });

/** Writes a result: for a program as a document, for people as text. */
export async function printResult(
  { json }: { readonly json?: boolean },
  document: unknown,
  text: string,
): Promise<void> {
  if (json === true) printJson(document);
  else await printText(text);
}
