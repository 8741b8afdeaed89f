import stringWidth from "string-width";

/** How many columns of a terminal a text takes: wide characters take two, combining ones none. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/** The beginning of a line that fits a number of columns, never ending in half of a character. */
export function startOf(line: string, columns: number): string {
  let [width, end] = [0, 0];
  for (const character of line) {
    width += stringWidth(character);
    if (width > columns) break;
    end += character.length;
  }
  return line.slice(0, end);
}

/** As `startOf`, for the end of a line. */
export function endOf(line: string, columns: number): string {
  const characters = [...line].reverse();
  return [...startOf(characters.join(""), columns)].reverse().join("");
}

/** A line of at most this many columns; one that is cut ends in an ellipsis. */
export function cut(line: string, columns: number): string {
  return widthOf(line) <= columns ? line : `${startOf(line, columns - 1).trimEnd()}…`;
}
