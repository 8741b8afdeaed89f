import { Writable } from "node:stream";
import type { Command } from "commander";
import type { Observer } from "../core/events.ts";
import { visibleJson } from "../core/visible.ts";
import { writtenText } from "../report/style.ts";
import { fitHelp, helpWidth } from "./help.ts";

/** Writes text for people: wrapped for the terminal where there is one. */
export async function printText(
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): Promise<void> {
  (await textWriter(stream))(text);
}

/** As `printText`, for what must be written at once. */
export async function textWriter(stream: NodeJS.WriteStream): Promise<(text: string) => void> {
  const { wrapLines } = await import("../report/wrap.ts");
  return (text) => void stream.write(`${wrapLines(writtenText(text, stream), stream)}\n`);
}

/** Writes text for people to standard error as it is, with no line end added. */
export function writeNote(text: string): void {
  process.stderr.write(writtenText(text, process.stderr));
}

/** Standard error without escape sequences. Where readline would draw its line anew, it stands on the next one. */
export function plainNotes(): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
      const escapes = /\r|\u001b\[[\d;?]*[A-Za-z]/g;
      writeNote(String(chunk).replaceAll("\u001b[1G", "\n").replace(escapes, ""));
      done();
    },
  });
}

/** Writes findings as GitHub's workflow commands, which `githubText` has escaped. */
export function printCommands(text: string): void {
  process.stdout.write(`${text}\n`);
}

/**
 * Writes a piece of an SQL script. A program gets every byte, because psql runs it; on a terminal it is only read, and
 * what the terminal would obey is shown by its code.
 */
export function writeScript(text: string): void {
  process.stdout.write(process.stdout.isTTY === true ? writtenText(text, process.stdout) : text);
}

/** Writes a document to standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${visibleJson(JSON.stringify(value, null, 2))}\n`);
}

/** Writes one line of JSON to standard output. */
export function writeLine(value: unknown): void {
  process.stdout.write(`${visibleJson(JSON.stringify(value))}\n`);
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

/** Has a command and those below it write help and complaints, which quote arguments, as all text is written. */
export function writeUsageOf(command: Command): void {
  fitHelp(command);
  command.configureOutput({
    getOutHelpWidth: () => helpWidth(process.stdout),
    getErrHelpWidth: () => helpWidth(process.stderr),
    writeOut: (text) => void process.stdout.write(writtenText(text, process.stdout)),
    writeErr: writeNote,
  });
  for (const below of command.commands) writeUsageOf(below);
}
