import { styleText } from "node:util";
import { visible } from "../core/visible.ts";

const colors = ["red", "green", "yellow", "dim", "bold"] as const;

type Color = (typeof colors)[number];

/** Marks contain a random number of this process, so data cannot contain one. Loading node:crypto takes too long. */
const nonce = `${process.hrtime.bigint()}${Math.random().toString(36).slice(2)}`;
const markOf = (what: string) => `<${nonce} ${what}>`;
const end = markOf("end");

/** Start and end marks for something other than a style, interpreted when the text is written. */
export function marksOf(what: string): { readonly start: string; readonly end: string } {
  return { start: markOf(what), end: markOf(`end of ${what}`) };
}

const marked = new RegExp(`<${nonce} (?<color>${colors.join("|")})>(?<text>[^]*?)${end}`, "g");

/** Marks a text to be colored when it is written. */
export function style(color: Color, text: string): string {
  return `${markOf(color)}${text}${end}`;
}

/** True for a terminal that supports escape sequences. With `TERM=dumb` it does not. */
export function supportsEscapes(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY === true && process.env.TERM !== "dumb";
}

/**
 * True if colors are shown: on a terminal that supports escape sequences, unless `NO_COLOR` is set (no-color.org).
 * `FORCE_COLOR` takes precedence over both, as in Node: no colors for `0` and `false`.
 */
function showsColors(stream: { readonly isTTY?: boolean }): boolean {
  const { FORCE_COLOR = "", NO_COLOR = "" } = process.env;
  if (FORCE_COLOR !== "") return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  return supportsEscapes(stream) && NO_COLOR === "";
}

/**
 * The text to write: control characters, and characters that hide or reorder text, are shown as codes, and style marks become
 * colors if the stream shows them. All output for people passes through here.
 */
export function writtenText(text: string, stream: { readonly isTTY?: boolean }): string {
  const colored = showsColors(stream);
  return withoutCommands(visible(text)).replace(marked, (_, color: Color, inner: string) =>
    colored ? styleText(color, inner, { validateStream: false }) : inner,
  );
}

/**
 * GitHub Actions runs commands in log lines that begin with `::` or contain `##[`. A server's message must not contain any.
 * Source: `ActionCommand.TryParseV2` and `TryParse` of github.com/actions/runner.
 */
function withoutCommands(text: string): string {
  if (process.env.GITHUB_ACTIONS !== "true") return text;
  return text.replace(/^(\s*):(?=:)/gm, "$1\\u003a").replace(/#(?=#\[)/g, "\\u0023");
}
