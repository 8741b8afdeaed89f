import { type Difference, differenceOf } from "../catalog/compare.ts";
import type { Down } from "../core/down.ts";
import { FleetError } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import { sqlstateOf } from "../postgres/sqlstate.ts";
import { readMarks } from "../source/downs.ts";
import { addedColumns } from "../sql/changes.ts";

/** A down as far as its SQL goes. */
export type DownText = Pick<Down, "file" | "text" | "checksum">;

/** A new NOT NULL column without a default fails for every tenant with rows; other failures depend on the rows. */
export function rowProblem(
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
      "Give the column a DEFAULT, or add it without NOT NULL, fill it, and set NOT NULL then.",
  });
}

export function refusedDown(
  migration: Migration,
  down: DownText,
  where: string,
  error: Error,
): FleetError {
  const state = sqlstateOf(error);
  const message = `${error.message}${state === undefined ? "" : ` (SQLSTATE ${state})`}`;
  return where.startsWith(`${down.file}:`)
    ? new FleetError("proof", message, {
        where,
        remedy: `It is the down of ${migration.tag}: correct it.`,
        cause: error,
      })
    : notAgain(migration, down, message, error);
}

export function notAgain(
  { tag }: Migration,
  { file }: DownText,
  message: string,
  cause: unknown,
): FleetError {
  return new FleetError("proof", `${tag} does not apply again after its down: ${message}`, {
    where: file,
    remedy: "Correct the down: it leaves something behind.",
    cause,
  });
}

export function unequalDown(
  { tag }: Migration,
  { file }: DownText,
  isBack: boolean,
  expected: readonly string[],
  found: readonly string[],
): FleetError | undefined {
  const difference = differenceOf(expected, found);
  if (difference.missing.length === 0 && difference.extra.length === 0) return undefined;
  const message = isBack
    ? `the down of ${tag} does not restore the schema`
    : `${tag} gives a different schema when it is applied again after its down`;
  return unequal(message, file, difference);
}

/** An object that hand-written SQL made, or that a migration forgot to drop. */
export function unknownToSnapshot(fact: string, where: string): FleetError {
  return new FleetError("proof", `the migrations make something that no snapshot has: ${fact}`, {
    where,
    remedy:
      'If a migration should have dropped it, write one that does. If it is intended: drizzle-fleet check --database --accept "<reason>"',
    identity: { kind: "not-in-snapshot", of: fact },
  });
}

/** The number of lines of a difference that are shown. */
const longestDifference = 8;

export function unequal(
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
      "Correct the file if it has not been applied anywhere yet; otherwise fix it in a new migration.",
  });
}
