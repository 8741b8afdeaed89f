import { createInterface, type Interface } from "node:readline/promises";
import { Writable } from "node:stream";
import { FleetError } from "../core/errors.ts";
import { supportsEscapes, writtenText } from "../report/style.ts";
import { wrapLines } from "../report/wrap.ts";
import { plainNotes, writeNote } from "./output.ts";

/** True if questions can be asked: standard input and standard error are a terminal. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/**
 * Asks for one line on the terminal. Call it before anything is changed: the error says that nothing was changed.
 *
 * @throws FleetError `interrupted` on Ctrl-C or Ctrl-D
 */
export async function askLine(question: string): Promise<string> {
  const terminal = supportsEscapes(process.stderr)
    ? createInterface({ input: process.stdin, output: process.stderr })
    : createInterface({ input: process.stdin, output: plainNotes(), terminal: true });
  try {
    // Wrapping drops spaces at the end of a line.
    const asked = wrapLines(writtenText(question.trimEnd(), process.stderr), process.stderr);
    return (await answerOn(terminal, `${asked} `)).trim();
  } catch (error) {
    writeNote("\n");
    throw error;
  } finally {
    terminal.close();
  }
}

async function answerOn(terminal: Interface, question: string): Promise<string> {
  const closed = new Promise<undefined>((resolve) =>
    terminal.once("close", () => resolve(undefined)),
  );
  const answer = terminal.question(question).catch(() => undefined);
  const given = await Promise.race([answer, closed]);
  if (given !== undefined) return given;
  throw new FleetError("interrupted", "interrupted", { remedy: "Nothing was changed." });
}

/** Asks a yes-or-no question. Anything but y or yes means no. */
export async function askYes(question: string): Promise<boolean> {
  return /^y(es)?$/i.test(await askLine(`${question} [y/N] `));
}

/** Like `askLine`, but without showing what is typed. */
export async function askSecret(question: string): Promise<string> {
  writeNote(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await answerOn(terminal, "");
  } finally {
    terminal.close();
    writeNote("\n");
  }
}
