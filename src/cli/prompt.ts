import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { writtenText } from "../report/style.ts";
import { writeNote } from "./output.ts";

/** True when somebody sits at a terminal and can be asked. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Asks for one line on the terminal; undefined when the person leaves with Ctrl-C or Ctrl-D. */
export async function askLine(question: string): Promise<string | undefined> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const closed = new Promise<undefined>((resolve) =>
      terminal.once("close", () => resolve(undefined)),
    );
    const answer = terminal.question(writtenText(question, process.stderr)).catch(() => undefined);
    return (await Promise.race([answer, closed]))?.trim();
  } finally {
    terminal.close();
  }
}

/** Asks a question that is answered by yes or no; anything but yes is no. */
export async function askYes(question: string): Promise<boolean> {
  return /^y(es)?$/i.test((await askLine(`${question} [y/N] `)) ?? "");
}

/** Asks for a secret: what is typed is not shown. Undefined when the person leaves. */
export async function askSecret(question: string): Promise<string | undefined> {
  writeNote(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    const closed = new Promise<undefined>((resolve) =>
      terminal.once("close", () => resolve(undefined)),
    );
    return await Promise.race([terminal.question("").catch(() => undefined), closed]);
  } finally {
    terminal.close();
    writeNote("\n");
  }
}
