import { Writable } from "node:stream";
import type { Command } from "commander";
import type { Observer } from "../core/events.ts";
import { visibleJson } from "../core/visible.ts";
import { writtenText } from "../report/style.ts";
import { fitHelp, helpWidth } from "./help/layout.ts";

/** Writes text for people, wrapped to the width of a terminal. */
export async function printText(
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): Promise<void> {
  (await textWriter(stream))(text);
}

/** Like `printText`, for text that must be written synchronously. */
export async function textWriter(stream: NodeJS.WriteStream): Promise<(text: string) => void> {
  const { wrapLines } = await import("../report/wrap.ts");
  return (text) => void stream.write(`${wrapLines(writtenText(text, stream), stream)}\n`);
}

/** Writes text for people to standard error as it is, without adding a line break. */
export function writeNote(text: string): void {
  process.stderr.write(writtenText(text, process.stderr));
}

/** Standard error without escape sequences. Where readline would redraw its line, the line is printed again below. */
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

/** Writes GitHub's workflow commands, which `githubText` has escaped. */
export function printCommands(text: string): void {
  process.stdout.write(`${text}\n`);
}

/**
 * Writes a piece of an SQL script. A file or a pipe gets every byte, because psql runs it. A terminal gets control
 * characters as their codes.
 */
export function writeScriptPiece(text: string): void {
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

/** Writes a result: as JSON for a program, as text for people. */
export async function printResult(
  { json }: { readonly json?: boolean },
  document: unknown,
  text: string,
): Promise<void> {
  if (json === true) printJson(document);
  else await printText(text);
}

/** Makes a command and its subcommands write help and errors, which quote arguments, as all other text is written. */
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
