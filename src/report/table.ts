import { visibleLine } from "../core/visible.ts";
import { widthOf } from "../core/width.ts";
import { rowOf } from "./wrap.ts";

/**
 * Lays rows out in columns. Numbers stand to the right, everything else to the left. Each cell stays on its line, shown
 * without what a terminal would obey.
 *
 * @returns lines, to be written by `wrapLines`, which makes the columns fit a terminal
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
