import { messageOf } from "../core/errors.ts";
import type { Statement } from "../core/migration.ts";
import type { Target } from "../core/target.ts";
import { ledgerOf } from "../ledger/table.ts";
import { serverRemedy } from "../postgres/server-trouble.ts";
import { sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import { type ExistingObject, identifiersIn, isDuplicate, namesIn } from "./existing.ts";
import type { PipelinePart } from "./pipeline.ts";
import type { MigrationScript } from "./step-run.ts";

// A remedy contains only what is certain from the SQLSTATE. If there are several possible causes, it lists each with its fix.

/** Remedies for errors of any statement, including the tool's own. */
const remedies: Readonly<Record<string, string>> = {
  [sqlstate.insufficientPrivilege]:
    "Grant the migrating role the privilege that the message names, or make it the owner of the object. Then run the same command again.",
  [sqlstate.lockNotAvailable]:
    "Another session holds the lock. Wait for it to finish or terminate it, then run the same command again.",
  [sqlstate.queryCanceled]:
    "If it timed out, raise timeouts in the configuration or split the statement. If a person or program cancelled it, run the same command again.",
  [sqlstate.targetLocked]: "Wait for the other runner to finish, then run the same command again.",
  [sqlstate.wrongSchema]:
    "Create the tenant schema, or grant the migrating role USAGE on it. Then run the same command again.",
};

const migrationRemedies: Readonly<Record<string, string>> = {
  "2D000":
    "A migration cannot call a procedure that commits. Write the steps of the procedure as sections of the file, each in BEGIN; ... COMMIT;",
  [sqlstate.uniqueViolation]:
    "Fix the duplicate rows, or the rows that the migration writes. Then run the same command again.",
  "23502":
    "Fix the rows that contain null. A new column of a table with rows needs a default, or a migration that fills it before it sets NOT NULL. Then run the same command again.",
  "23503":
    "Fix the rows that refer to a missing row, or to one that the migration deletes. Then run the same command again.",
  "23514":
    "Fix the rows that violate the check constraint, or the rows that the migration writes. Then run the same command again.",
  "42601":
    "If this server is too old for the syntax, upgrade it. Otherwise the statement, or one that it runs, is wrong: correct the migration if it was never released.",
  "0A000": "PostgreSQL does not support this. Correct the migration if it was never released.",
};

/** SQLSTATE invalid_column_reference: ON CONFLICT names a column without a unique index. */
const noSuchKey = "42P10";

/** Where an error came from. */
export interface ErrorPlace {
  readonly part: PipelinePart;
  readonly script: MigrationScript;
  /** The statement that failed, if known. */
  readonly statement: Statement | undefined;
  readonly target: Target;
  /** The object that the statement tried to create, if it was found. */
  readonly existing?: ExistingObject | undefined;
}

/** The remedy for an error that any statement can cause. */
export function generalRemedy(state: string | undefined): string | undefined {
  return remedies[state ?? ""] ?? serverRemedy(state);
}

/** The remedy for an error of the server. */
export function remedyFor(cause: unknown, place: ErrorPlace): string {
  const { part, target } = place;
  const state = sqlstateOf(cause);
  const general = generalRemedy(state);
  if (general !== undefined) return general;
  if (part === "ledger" && state === noSuchKey)
    return `The ledger has lost its primary key. To restore it, run: ALTER TABLE ${ledgerOf(target.schema)} ADD PRIMARY KEY (tag)`;
  if (part !== "migration")
    return "The migration did not cause this error. Fix the problem above, then run the same command again.";
  if (isDuplicate(state)) return duplicateRemedy(messageOf(cause), place);
  return (
    migrationRemedies[state ?? ""] ??
    "Fix the data or the schema, or correct the migration if it was never released. Then run the same command again."
  );
}

/** The remedy for an object that already exists. It depends on what created it, and on what else exists. */
function duplicateRemedy(message: string, place: ErrorPlace): string {
  const { existing, script, statement } = place;
  const [name = ""] = namesIn(message);
  const naming = name === "" ? undefined : earlierNaming(name, script, statement);
  if (existing === undefined && naming !== undefined)
    return `Line ${naming.line} of the same file also names "${name}". If that line creates it, correct the file: use another name, or drop it first.`;
  if (existing === undefined)
    return "Find the object with this name, then rename or drop it, or use another name in the migration. Then run the same command again.";
  const { madeBy, drizzle, found, wanted } = existing;
  const correct =
    "correct this migration if it was never released: use another name, or drop or rename the existing object first.";
  // If all of several objects exist, they more likely come from this migration itself.
  if (madeBy !== undefined && (found < wanted || wanted <= 1))
    return `An earlier migration created the object, so ${correct} ${stamping(place)}`;
  if (drizzle)
    return `drizzle-orm's own migrator ran here. To record what it applied, run: ${command(place, "stamp --from-drizzle")}`;
  if (found < wanted)
    return `Only ${found} of the ${wanted} objects that this migration creates exist, so it cannot be recorded as applied. Rename or drop the existing object if it is not needed, then run the same command again; or ${correct}`;
  return `If the object is a different one, rename or drop it, then run the same command again. ${stamping(place)}`;
}

/** How to record a migration whose objects already exist. */
function stamping(place: ErrorPlace): string {
  const { tag } = place.script.migration;
  return `If all objects exist exactly as this migration creates them, you can record it without running it. To do so, run: ${command(place, `stamp ${tag}`)}`;
}

function command({ target: { service, tenant } }: ErrorPlace, verb: string): string {
  return `npx drizzle-fleet ${verb} --service ${service}${tenant === undefined ? "" : ` --tenant ${tenant}`}`;
}

/** The first statement before this one that contains an identifier. */
function earlierNaming(
  name: string,
  { statements }: MigrationScript,
  statement: Statement | undefined,
): Statement | undefined {
  const end = statement === undefined ? 0 : statements.indexOf(statement);
  return statements
    .slice(0, Math.max(0, end))
    .find(({ original }) => identifiersIn(original).has(name));
}
