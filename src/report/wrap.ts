import { cut, widthOf } from "../core/width.ts";
import { marksOf } from "./style.ts";

const row = marksOf("row");

/** Marks where a cell ends. */
const cellEnd = marksOf("cell").end;

/** Marks a line that stays one line on a terminal: what does not fit is cut, and no row of a table is wrapped. */
function oneLine(line: string): string {
  return `${row.start}${line}${row.end}`;
}

/**
 * A row of a table, as one line.
 *
 * @param cells padded to the widths of their columns: so every row is made narrower in the same way
 */
export function rowOf(cells: readonly string[]): string {
  return oneLine(cells.join(cellEnd));
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
        return fitted(line.replace(row.start, "").replace(row.end, ""), columns);
      return widthOf(line) <= columns ? line : broken(line, columns);
    })
    .join("\n");
}

/** Columns keep at least this width, so that each can still be told from the others. */
const narrowest = 4;

/** A row whose widest columns are cut until all of them can be seen. */
function fitted(line: string, columns: number): string {
  const cells = line.split(cellEnd);
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
