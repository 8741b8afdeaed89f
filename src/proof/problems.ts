import { type Difference, differenceOf } from "../catalog/compare.ts";
import type { Down } from "../core/down.ts";
import { FleetError } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import { sqlstateOf } from "../postgres/sqlstate.ts";
import { readMarks } from "../source/downs.ts";
import { addedColumns } from "../sql/changes.ts";

/** The SQL of a down with its file. */
export type DownText = Pick<Down, "file" | "text" | "checksum">;

/** A migration and its down. */
interface MigrationWithDown {
  readonly migration: Migration;
  readonly down: DownText;
}

/**
 * An error for a new NOT NULL column without a default, which fails in every tenant with rows; undefined for other
 * failures, which depend on the rows.
 */
export function failsWithRowsError(
  { file, text }: Pick<Down, "file" | "text">,
  failed: FleetError,
): FleetError | undefined {
  if (readMarks(text, "depends-on-rows").length > 0) return undefined;
  const column = /^.*?column "(.+?)" of relation "(.+?)" contains null values/.exec(failed.message);
  if (column === null || !addedColumns(text).includes(`${column[2]}.${column[1]}`))
    return undefined;
  return new FleetError("proof", `it fails for every tenant with rows: ${failed.message}`, {
    where: failed.where ?? file,
    remedy:
      "Give the column a DEFAULT, or add it without NOT NULL, fill it, and then set NOT NULL.",
  });
}

/** A down, or its migration after it, contains a statement that the server refuses. */
export function refusedDownError(
  { migration, down }: MigrationWithDown,
  direction: "down" | "up",
  { error, line }: { readonly error: Error; readonly line: number },
): FleetError {
  const state = sqlstateOf(error);
  const message = `${error.message}${state === undefined ? "" : ` (SQLSTATE ${state})`}`;
  if (direction === "up") return notReappliedError({ migration, down }, message, error);
  return new FleetError("proof", message, {
    where: `${down.file}:${line}`,
    remedy: `Correct this file, the down of ${migration.tag}.`,
    cause: error,
  });
}

export function notReappliedError(
  { migration: { tag }, down: { file } }: MigrationWithDown,
  message: string,
  cause: unknown,
): FleetError {
  return new FleetError("proof", `${tag} cannot be applied again after its down: ${message}`, {
    where: file,
    remedy: "Correct the down: it does not revert everything.",
    cause,
  });
}

/** The catalog after a down, or after the migration was applied again; undefined if it is as expected. */
export function differentDownError(
  of: MigrationWithDown & { readonly before: readonly string[]; readonly after: readonly string[] },
  direction: "down" | "up",
  found: readonly string[],
): FleetError | undefined {
  const { tag } = of.migration;
  const difference = differenceOf(direction === "down" ? of.before : of.after, found);
  if (difference.missing.length === 0 && difference.extra.length === 0) return undefined;
  const message =
    direction === "down"
      ? `the down of ${tag} does not restore the schema`
      : `${tag} creates a different schema when it is applied again after its down`;
  return differenceError(message, of.down.file, difference);
}

/** An object that hand-written SQL created, or that a migration forgot to drop. */
export function notInSnapshotError(fact: string, where: string): FleetError {
  return new FleetError(
    "proof",
    `the migrations create something that is in no snapshot: ${fact}`,
    {
      where,
      remedy:
        'If a migration should have dropped it, write one that does. If it is intended, run: npx drizzle-fleet check --database --accept "<reason>"',
      identity: { kind: "not-in-snapshot", of: fact },
    },
  );
}

/** The number of lines of a difference that are shown. */
const longestDifference = 8;

export function differenceError(
  message: string,
  where: string,
  { missing, extra }: Difference,
): FleetError {
  const lines = [
    ...missing.map((fact) => `missing: ${fact}`),
    ...extra.map((fact) => `unexpected: ${fact}`),
  ];
  const rest = lines.length - longestDifference;
  const shown = lines.slice(0, longestDifference);
  return new FleetError("proof", message, {
    where,
    excerpt: [...shown, ...(rest > 0 ? [`... and ${rest} more`] : [])].join("\n"),
    remedy:
      "Correct the file if it is not applied anywhere yet; otherwise fix it in a new migration.",
  });
}
