import { randomUUID } from "node:crypto";
import { styleText } from "node:util";
import { visible } from "../core/visible.ts";

const colours = ["red", "green", "yellow", "dim", "bold"] as const;

type Colour = (typeof colours)[number];

/** Data cannot spell a mark: it holds a number that each process draws anew. */
const draw = randomUUID();
const markOf = (what: string) => `<${draw} ${what}>`;
const end = markOf("end");

/** A mark of another kind than a style, for what becomes of a text where it is written. */
export function marksOf(what: string): { readonly start: string; readonly end: string } {
  return { start: markOf(what), end: markOf(`end of ${what}`) };
}

const marked = new RegExp(`<${draw} (?<colour>${colours.join("|")})>(?<text>[^]*?)${end}`, "g");

/** Marks a text that is to be coloured where it is written. */
export function style(colour: Colour, text: string): string {
  return `${markOf(colour)}${text}${end}`;
}

/** True for a terminal that obeys escape sequences; `TERM=dumb` says that it does not. */
export function obeysEscapes(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY === true && process.env.TERM !== "dumb";
}

/**
 * What is written of a text: whatever a terminal would obey, hide or reorder is shown by its code, and styles become
 * colours, on a terminal that nobody has asked to show none (no-color.org). Everything for people passes through here.
 */
export function writtenText(text: string, stream: { readonly isTTY?: boolean }): string {
  const plain = !obeysEscapes(stream) || (process.env.NO_COLOR ?? "") !== "";
  return withoutCommands(visible(text)).replace(marked, (_, colour: Colour, inner: string) =>
    plain ? inner : styleText(colour, inner, { validateStream: false }),
  );
}

/**
 * GitHub Actions obeys lines of a log that begin with `::`, and `##[` anywhere: a server's message must not.
 * Source: `ActionCommand.TryParseV2` and `TryParse` of github.com/actions/runner.
 */
function withoutCommands(text: string): string {
  if (process.env.GITHUB_ACTIONS !== "true") return text;
  return text.replace(/^(\s*):(?=:)/gm, "$1\\u003a").replace(/#(?=#\[)/g, "\\u0023");
}
