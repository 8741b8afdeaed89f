import stringWidth from "string-width";

/**
 * Lays rows out in columns. Numbers stand to the right, everything else to the left.
 *
 * @returns lines without trailing spaces
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string[] {
  const numeric = header.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === "number"),
  );
  const texts = [header, ...rows.map((row) => row.map(String))];
  const widths = header.map((_, column) =>
    Math.max(...texts.map((row) => stringWidth(row[column] ?? ""))),
  );
  return texts.map((row) =>
    row
      .map((cell, column) => {
        const space = " ".repeat((widths[column] ?? 0) - stringWidth(cell));
        return numeric[column] ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd(),
  );
}
