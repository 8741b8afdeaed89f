import { FleetError } from "../core/errors.ts";
import type { Migration, Statement } from "../core/migration.ts";
import { readMarks } from "./downs.ts";
import { acceptRemedy } from "./inspect-files.ts";

/** Tells whether a migration's file is marked as intentionally empty: `-- drizzle-fleet: empty on purpose`. */
export function isEmptyOnPurpose({ text }: Pick<Migration, "text">): boolean {
  return readMarks(text.replace(/^\uFEFF/, ""), "empty").some((what) => /^on purpose\b/.test(what));
}

/** Tells whether a parsed file has nothing to run: it has only comments, or only begins and ends transactions. */
export function runsNothing(read: {
  readonly statements: readonly Statement[];
  readonly extensions: readonly string[];
  readonly ownSchema: boolean;
}): boolean {
  return read.statements.length === 0 && read.extensions.length === 0 && !read.ownSchema;
}

/**
 * The fault of a migration without a statement. Most likely it is unfinished, and it cannot be completed once it is
 * applied.
 */
export function emptyMigrationError({ service, tag, file }: Migration): FleetError {
  return new FleetError("journal", `${tag} is empty: it has no SQL statement`, {
    where: file,
    remedy: acceptRemedy(
      service,
      "Write its SQL. If it is meant to do nothing, add the line: -- drizzle-fleet: empty on purpose.",
    ),
    identity: { kind: "empty-migration", of: tag },
  });
}
