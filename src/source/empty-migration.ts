import { FleetError } from "../core/errors.ts";
import type { Migration, Statement } from "../core/migration.ts";
import { readMarks } from "./downs.ts";
import { acceptRemedy } from "./inspect-files.ts";

/** True when a migration's file says that it runs nothing, and is meant to: `-- drizzle-fleet: empty on purpose`. */
export function isEmptyOnPurpose({ text }: Pick<Migration, "text">): boolean {
  return readMarks(text.replace(/^\uFEFF/, ""), "empty").some((what) => /^on purpose\b/.test(what));
}

/** True for what was read of a file that has comments alone, or only begins and ends transactions. */
export function runsNothing(read: {
  readonly statements: readonly Statement[];
  readonly extensions: readonly string[];
  readonly ownSchema: boolean;
}): boolean {
  return read.statements.length === 0 && read.extensions.length === 0 && !read.ownSchema;
}

/**
 * The fault of a migration without a statement: most likely it is still to be written, and after it is applied it cannot
 * be filled in any more.
 */
export function emptyMigrationError({ service, tag, file }: Migration): FleetError {
  return new FleetError("journal", `${tag} is empty: it has no SQL statement`, {
    where: file,
    remedy: acceptRemedy(
      service,
      "Write its SQL. If it should do nothing, add the line: -- drizzle-fleet: empty on purpose.",
    ),
    identity: { kind: "empty-migration", of: tag },
  });
}
