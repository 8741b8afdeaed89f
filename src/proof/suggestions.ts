import type { ValueType } from "./fillable.ts";

/** The literals in an expression as PostgreSQL prints it, as SQL. */
export function literalsOf(expression: string): string[] {
  const found = expression.matchAll(
    /'(?:[^']|'')*'|(?<![\w.])-?\d+(?:\.\d+)?|\b(?:true|false|NULL|MINVALUE)\b/g,
  );
  return [...found].map(([literal]) => literal);
}

/** Formats that checks of texts often require. */
const shapes: readonly ((row: number) => string)[] = [
  (row) => `row${row}`,
  (row) => `row_${row}`,
  (row) => `row-${row}@example.com`,
  (row) => `https://example.com/row-${row}`,
  (row) => `/row-${row}`,
  (row) => letters(row),
  (row) => letters(row).toUpperCase(),
  (row) => letters(row).slice(-3).toUpperCase(),
  (row) => letters(row).slice(-2).toUpperCase(),
  (row) => letters(row).slice(-2),
  (row) => `#${(row & 0xff_ff_ff).toString(16).padStart(6, "0")}`,
  (row) => `+1555${String(row).padStart(7, "0")}`,
  (row) => `row-${row} ${"and more ".repeat(6)}`.trim(),
  (row) => `${row}.0.0`,
  (row) => row.toString(16).padStart(64, "0"),
  (row) => row.toString(16).padStart(40, "0"),
  (row) => row.toString(16).padStart(32, "0"),
  (row) => String(row),
  () => "",
];

function letters(row: number): string {
  const digit = (place: number) => String.fromCharCode(97 + (Math.trunc(row / 26 ** place) % 26));
  return `row${digit(2)}${digit(1)}${digit(0)}`;
}

/**
 * Values that can satisfy the checks of one column: the constants in them, and common formats.
 *
 * @param checks as `pg_get_constraintdef` prints them
 * @returns texts in the input format of the type
 */
export function suggestedBy(
  checks: readonly string[],
  { category, builtin, name }: ValueType,
  row: number,
): string[] {
  const all = checks.join(" ");
  if (category === "S") {
    const constants = literalsOf(all).flatMap((literal) =>
      literal.startsWith("'") ? [literal.slice(1, -1).replaceAll("''", "'")] : [],
    );
    return [...rotated(constants, row), ...shapes.map((shape) => shape(row))];
  }
  if (!builtin || category !== "N") return [];
  const isWhole = /^int|^oid/.test(name);
  const numbers = [...all.matchAll(/(?<![\w.])-?\d{1,9}(\.\d+)?/g)].map(([number]) =>
    Number(number),
  );
  const suggested = [
    ...numbers.map((number) => number + row),
    ...numbers.map((number) => number - row),
    ...rotated(numbers, row),
    ...numbers.map((number) => number / 2),
  ];
  return suggested.filter((number) => !isWhole || Number.isInteger(number)).map(String);
}

/** Starts at a different item for each row. */
function rotated<Item>(items: readonly Item[], row: number): Item[] {
  const start = items.length === 0 ? 0 : (row - 1) % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
