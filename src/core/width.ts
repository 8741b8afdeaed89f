import stringWidth from "string-width";

/** The number of terminal columns of a text: two for wide characters, none for combining ones. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/** The beginning of a line that fits a number of columns, without splitting a character. */
export function startOf(line: string, columns: number): string {
  let [width, end] = [0, 0];
  for (const character of line) {
    width += stringWidth(character);
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
