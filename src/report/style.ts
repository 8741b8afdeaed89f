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
 * True where colours are shown: on a terminal that obeys escape sequences, unless `NO_COLOR` is set (no-color.org).
 * `FORCE_COLOR` decides before both, for what it is given, as in Node: none for `0` and `false`.
 */
function showsColours(stream: { readonly isTTY?: boolean }): boolean {
  const { FORCE_COLOR = "", NO_COLOR = "" } = process.env;
  if (FORCE_COLOR !== "") return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  return obeysEscapes(stream) && NO_COLOR === "";
}

/**
 * What is written of a text: whatever a terminal would obey, hide or reorder is shown by its code, and styles become
 * colours where they are shown. Everything for people passes through here.
 */
export function writtenText(text: string, stream: { readonly isTTY?: boolean }): string {
  const coloured = showsColours(stream);
  return withoutCommands(visible(text)).replace(marked, (_, colour: Colour, inner: string) =>
    coloured ? styleText(colour, inner, { validateStream: false }) : inner,
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
