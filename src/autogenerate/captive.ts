import { FleetError } from "../core/errors.ts";

class Exit extends Error {}

let last: Promise<unknown> = Promise.resolve();

/**
 * Uses drizzle-kit 0.31, which behaves as a program where a library is wanted: it prints its complaint and exits, and
 * it asks on the terminal. The exit becomes an error with the complaint. A question is answered with its first answer,
 * "new, and the old one dropped": every rename was told apart before, and only a single diff has all in a valid order.
 * One use at a time: what it takes over belongs to the process.
 */
export function captive<Result>(use: () => Promise<Result>): Promise<Result> {
  const mine = last.then(() => takeOver(use));
  last = mine.catch(() => undefined);
  return mine;
}

async function takeOver<Result>(use: () => Promise<Result>): Promise<Result> {
  const { stdin, stdout } = process;
  const lines: string[] = [];
  const collect = (...values: unknown[]) => void lines.push(values.map(String).join(" "));
  const restore = [
    replace(process, "exit", () => {
      throw new Exit();
    }),
    replace(console, "log", collect),
    replace(console, "error", collect),
    replace(stdin, "isTTY", true),
    replace(stdin, "setRawMode", () => stdin),
    replace(stdout, "isTTY", true),
    replace(stdout, "write", () => true),
  ];
  const answer = (event: string | symbol) => {
    if (event === "keypress") setImmediate(() => stdin.emit("keypress", "", { name: "return" }));
  };
  stdin.on("newListener", answer);
  try {
    return await use();
  } catch (caught) {
    if (!(caught instanceof Exit)) throw caught;
    throw new FleetError("schema", `drizzle-kit rejects the schema: ${plain(lines.join("\n"))}`);
  } finally {
    stdin.off("newListener", answer);
    for (const undo of restore.reverse()) undo();
  }
}

/** Gives an object another property for a while; the result puts the old one back. */
function replace(object: object, name: string, value: unknown): () => void {
  const own = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { value, configurable: true, writable: true });
  return () => {
    Reflect.deleteProperty(object, name);
    if (own !== undefined) Object.defineProperty(object, name, own);
  };
}

function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours begin with one
  return text.replace(/\u001b\[[0-9;]*m/g, "").trim();
}
