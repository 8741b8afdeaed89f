import { messageOf } from "../core/errors.ts";
import type { Statement } from "../core/migration.ts";
import type { Target } from "../core/target.ts";
import { ledgerOf } from "../ledger/table.ts";
import { serverRemedy } from "../postgres/server-trouble.ts";
import { sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import type { Part } from "./message.ts";
import type { Script } from "./run.ts";

// A remedy says only what the SQLSTATE makes certain. Where it has several causes, each is named with its way out.

/** Remedies for what may stop any statement, also the tool's own. */
const remedies: Readonly<Record<string, string>> = {
  [sqlstate.insufficientPrivilege]:
    "Give the migrating role what the message names: a privilege, or ownership of the object. Then run the same command again.",
  [sqlstate.lockNotAvailable]:
    "Another session holds a lock that is needed: run the same command again when it is done, or end it.",
  [sqlstate.queryCanceled]:
    "If its timeout ended it: raise timeouts in the configuration, or split the statement. If a person or program cancelled it: run the same command again.",
  [sqlstate.targetLocked]:
    "Another runner holds this target; see what it does, or run the same command again later.",
  [sqlstate.wrongSchema]: "Create the tenant schema, or give the migrating role USAGE on it.",
};

const migrationRemedies: Readonly<Record<string, string>> = {
  "2D000":
    "A procedure that commits cannot be called in a migration: write its steps as sections of the file, each in BEGIN; ... COMMIT;",
  [sqlstate.uniqueViolation]:
    "Fix this tenant's duplicate rows, or the rows that the migration writes; then run the same command again.",
  "23502":
    "Fix this tenant's rows that hold null; a new column of a table with rows needs a default, or a migration that fills it before NOT NULL. Then run the same command again.",
  "23503":
    "Fix this tenant's rows: one refers to a row that is missing, or that the migration takes away. Then run the same command again.",
  "23514":
    "Fix this tenant's rows that break the check, or the rows that the migration writes; then run the same command again.",
  "42601":
    "Either this server is older than the syntax: upgrade it. Or the statement, or one that it runs, is wrong: correct the migration if it was never released.",
  "0A000": "PostgreSQL does not support this here; correct the migration if it was never released.",
};

/** duplicate_table, _column, _object, _schema, _function: what the migration makes exists already. */
const duplicates = new Set(["42P07", "42701", "42710", "42P06", "42723"]);

/** invalid_column_reference: ON CONFLICT names a column without a key. */
const noSuchKey = "42P10";

/** Where an error came from. */
export interface ErrorPlace {
  readonly part: Part;
  readonly script: Script;
  /** The statement that failed, where it is known. */
  readonly statement: Statement | undefined;
  readonly target: Target;
}

/** What to do about a server's error. */
export function remedyFor(cause: unknown, place: ErrorPlace): string {
  const { part, target } = place;
  const state = sqlstateOf(cause);
  const general = remedies[state ?? ""] ?? serverRemedy(state);
  if (general !== undefined) return general;
  if (part === "ledger" && state === noSuchKey)
    return `The ledger has lost its primary key. Restore it: ALTER TABLE ${ledgerOf(target.schema)} ADD PRIMARY KEY (tag)`;
  if (part !== "migration")
    return "This is not the migration's fault: fix what the message names, then run the same command again.";
  if (duplicates.has(state ?? "")) return duplicateRemedy(messageOf(cause), place);
  return (
    migrationRemedies[state ?? ""] ??
    "Fix this tenant, or correct the migration if it was never released, then run the same command again."
  );
}

/**
 * Who made what exists already cannot be told from the error: another statement, PostgreSQL for one of them (the
 * sequence of a serial column, the index of a constraint), or a person. Only the statements before it are at hand.
 */
function duplicateRemedy(message: string, { script, statement, target }: ErrorPlace): string {
  const { service, tenant, schema } = target;
  const { tag } = script.migration;
  const name = /"([^"]+)"/.exec(message)?.[1];
  const object = name === undefined ? "it" : `"${name}"`;
  const only = tenant === undefined ? "" : ` --tenant ${tenant}`;
  const naming = name === undefined ? undefined : earlierNaming(name, script, statement);
  const first =
    naming === undefined
      ? `If an earlier migration made ${object} (perhaps as the sequence or index of something else), correct this one: drop or rename ${object} first, or use another name.`
      : `Line ${naming.line} of the same file names ${object}, too. If that line creates it, correct the file: use another name, or drop it first.`;
  return `${first} If it is what this migration makes, and all of that exists in "${schema}", record the migration without running it: drizzle-fleet stamp ${tag} --service ${service}${only}. If it is something else, rename or drop it, then run the same command again.`;
}

/** The first statement before this one that names something, as a word or between quotes. */
function earlierNaming(
  name: string,
  { statements }: Script,
  statement: Statement | undefined,
): Statement | undefined {
  const end = statement === undefined ? 0 : statements.indexOf(statement);
  return statements.slice(0, Math.max(0, end)).find(({ original }) => wordsOf(original).has(name));
}

function wordsOf(sql: string): Set<string> {
  return new Set(
    sql.match(/[\p{L}\p{N}_$]+|"(?:[^"]|"")+"/gu)?.map((word) => word.replaceAll('"', "")),
  );
}
