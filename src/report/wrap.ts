import { cut, widthOf } from "../core/width.ts";
import { marksOf } from "./style.ts";

const row = marksOf("row");

/** Marks a line that stays one line on a terminal: what does not fit is cut, and no row of a table is wrapped. */
export function oneLine(line: string): string {
  return `${row.start}${line}${row.end}`;
}

/**
 * Fits long lines to a terminal: they break between words and continue where their text began; rows of tables are cut.
 * Where there is no terminal lines stay whole, for programs that read them.
 */
export function wrapLines(text: string, stream: { isTTY?: boolean; columns?: number }): string {
  // Some terminals say that they have no columns.
  const columns = stream.isTTY === true ? (stream.columns ?? 0) || 80 : Number.POSITIVE_INFINITY;
  return text
    .split("\n")
    .map((line) => {
      if (line.includes(row.start))
        return cut(line.replace(row.start, "").replace(row.end, ""), columns);
      return widthOf(line) <= columns ? line : broken(line, columns);
    })
    .join("\n");
}

function broken(line: string, columns: number): string {
  const [indent = ""] = /^\s*(-> )?/.exec(line) ?? [];
  const further = " ".repeat(indent.length);
  const lines = [indent];
  for (const word of line.slice(indent.length).split(/(?<=\s)(?=\S)/)) {
    const last = lines.at(-1) ?? "";
    const fits = widthOf(last + word.trimEnd()) <= columns || last.trim() === "";
    if (fits) lines[lines.length - 1] = last + word;
    else lines.push(further + word);
  }
  return lines.map((one) => one.trimEnd()).join("\n");
}
