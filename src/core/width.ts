import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** Loaded for the first text that needs it: preparing its tables of characters takes as long as starting Node.js. */
let measure: ((text: string) => number) | undefined;

/** Printable ASCII characters, each of which takes one column, and sequences that color them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a color begins with ESC
const narrow = /^(?:[ -~…]|\u001B\[[0-9;]*m)*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: a color begins with ESC
const color = /\u001B\[[0-9;]*m/g;

/** The number of terminal columns of a text: two for wide characters, none for combining ones or colors. */
export function widthOf(text: string): number {
  if (narrow.test(text)) return text.replace(color, "").length;
  measure ??= (require("string-width") as typeof import("string-width")).default;
  return measure(text);
}

/** The beginning of a line that fits a number of columns, without splitting a character. */
export function startOf(line: string, columns: number): string {
  let [width, end] = [0, 0];
  for (const character of line) {
    width += widthOf(character);
    if (width > columns) break;
    end += character.length;
  }
  return line.slice(0, end);
}

/** The end of a line that fits a number of columns, like `startOf`. */
export function endOf(line: string, columns: number): string {
  const characters = [...line].reverse();
  return [...startOf(characters.join(""), columns)].reverse().join("");
}

/** A line of at most this many columns. A truncated line ends in an ellipsis. */
export function cut(line: string, columns: number): string {
  return widthOf(line) <= columns ? line : `${startOf(line, columns - 1).trimEnd()}…`;
}
