import stringWidth from "string-width";

/**
 * Breaks long lines between words for a terminal; each continues where its text began. Where there is no terminal
 * lines stay whole, for programs that read them.
 */
export function wrapLines(text: string, stream: { isTTY?: boolean; columns?: number }): string {
  if (stream.isTTY !== true) return text;
  // Some terminals say that they have no columns.
  const columns = (stream.columns ?? 0) || 80;
  return text
    .split("\n")
    .map((line) => (stringWidth(line) <= columns ? line : broken(line, columns)))
    .join("\n");
}

/** The beginning of a line that fits so many columns, never a part of a character. */
export function startOf(line: string, columns: number): string {
  let [width, end] = [0, 0];
  for (const character of line) {
    width += stringWidth(character);
    if (width > columns) break;
    end += character.length;
  }
  return line.slice(0, end);
}

function broken(line: string, columns: number): string {
  const [indent = ""] = /^\s*(-> )?/.exec(line) ?? [];
  const further = " ".repeat(indent.length);
  const lines = [indent];
  for (const word of line.slice(indent.length).split(/(?<=\s)(?=\S)/)) {
    const last = lines.at(-1) ?? "";
    const fits = stringWidth(last + word.trimEnd()) <= columns || last.trim() === "";
    if (fits) lines[lines.length - 1] = last + word;
    else lines.push(further + word);
  }
  return lines.map((one) => one.trimEnd()).join("\n");
}
