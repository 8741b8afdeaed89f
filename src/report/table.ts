import { visibleLine } from "../core/visible.ts";
import { widthOf } from "../core/width.ts";
import { rowOf } from "./wrap.ts";

/**
 * Lays out rows in columns: numbers right-aligned, text left-aligned. Control characters in cells are shown as codes.
 *
 * @returns lines for `wrapLines`, which fits the columns to a terminal
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string[] {
  const numeric = header.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === "number"),
  );
  const texts = [header, ...rows.map((row) => row.map((cell) => visibleLine(String(cell))))];
  const widths = header.map((_, column) =>
    texts.reduce((widest, row) => Math.max(widest, widthOf(row[column] ?? "")), 0),
  );
  return texts.map((row) =>
    rowOf(
      row.map((cell, column) => {
        const space = " ".repeat((widths[column] ?? 0) - widthOf(cell));
        return numeric[column] ? space + cell : cell + space;
      }),
    ),
  );
}
