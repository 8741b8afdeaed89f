import { FleetError } from "../core/errors.ts";

class Exit extends Error {}

let last: Promise<unknown> = Promise.resolve();

/**
 * Runs code of drizzle-kit, which behaves like a program instead of a library: it prints errors and exits, and it asks
 * questions in the terminal. An exit becomes an error with the printed text. A question gets its first answer, "created,
 * and the old one dropped": renames were applied before. Runs do not overlap, because this replaces functions of the
 * process.
 *
 * @throws FleetError `schema` with the printed text if drizzle-kit exits
 */
export function runKit<Result>(use: () => Promise<Result>): Promise<Result> {
  const mine = last.then(() => takeOver(use));
  last = mine.catch(() => undefined);
  return mine;
}

async function takeOver<Result>(use: () => Promise<Result>): Promise<Result> {
  const { stdin, stdout } = process;
  const lines: string[] = [];
  const collect = (...values: unknown[]) => void lines.push(values.map(String).join(" "));
  const restorers = [
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
    throw new FleetError("schema", `drizzle-kit rejects the schema: ${plain(lines.join("\n"))}`, {
      remedy: "Nothing was written. Correct the Drizzle schema, then run the same command again.",
    });
  } finally {
    stdin.off("newListener", answer);
    for (const restore of restorers.reverse()) restore();
  }
}

/** Replaces a property of an object; the result restores it. */
function replace(object: object, name: string, value: unknown): () => void {
  const own = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { value, configurable: true, writable: true });
  return () => {
    Reflect.deleteProperty(object, name);
    if (own !== undefined) Object.defineProperty(object, name, own);
  };
}

function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colors begin with a control character
  return text.replace(/\u001b\[[0-9;]*m/g, "").trim();
}
