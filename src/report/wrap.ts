import { cut, widthOf } from "../core/width.ts";
import { marksOf } from "./style.ts";

const row = marksOf("row");

/** Marks the end of a cell. */
const cellEnd = marksOf("cell").end;

/** Marks a line that is cut on a terminal where it does not fit, instead of wrapped. */
export function oneLine(line: string): string {
  return `${row.start}${line}${row.end}`;
}

/**
 * A row of a table, as one line.
 *
 * @param cells padded to the widths of their columns, so that all rows are narrowed alike
 */
export function rowOf(cells: readonly string[]): string {
  return oneLine(cells.join(cellEnd));
}

/**
 * Fits text to a terminal. Long lines wrap between words, with the indentation of their first line; rows of tables are cut.
 * Without a terminal lines stay as they are, for programs that read them.
 */
export function wrapLines(text: string, stream: { isTTY?: boolean; columns?: number }): string {
  // Some terminals report 0 columns.
  const columns = stream.isTTY === true ? (stream.columns ?? 0) || 80 : Number.POSITIVE_INFINITY;
  return text
    .split("\n")
    .map((line) => {
      if (line.includes(row.start))
        return fitted(line.replace(row.start, "").replace(row.end, ""), columns);
      return widthOf(line) <= columns ? line : broken(line, columns);
    })
    .join("\n");
}

/** Columns keep at least this width. */
const narrowest = 4;

/** Cuts the widest columns of a row until all columns fit. */
function fitted(line: string, columns: number): string {
  const cells = line.split(cellEnd);
  if (cells.length === 1) return cut(line.trimEnd(), columns);
  const widths = cells.map(widthOf);
  const gaps = 2 * (cells.length - 1);
  for (let total = sum(widths) + gaps; total > columns; total -= 1) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= narrowest) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  const shown = cells.map((cell, column) => inWidth(cell, widths[column] ?? 0));
  return cut(shown.join("  ").trimEnd(), columns);
}

function inWidth(cell: string, width: number): string {
  if (widthOf(cell) <= width) return cell;
  const text = cut(cell.trim(), width);
  const space = " ".repeat(width - widthOf(text));
  return cell.startsWith(" ") ? space + text : text + space;
}

function sum(widths: readonly number[]): number {
  return widths.reduce((total, width) => total + width, 0);
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
