import { messageOf } from "../core/errors.ts";
import type { Statement } from "../core/migration.ts";
import type { Target } from "../core/target.ts";
import { ledgerOf } from "../ledger/table.ts";
import { serverRemedy } from "../postgres/server-trouble.ts";
import { sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import { type Existing, isDuplicate, namesIn, wordsOf } from "./existing.ts";
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

/** invalid_column_reference: ON CONFLICT names a column without a key. */
const noSuchKey = "42P10";

/** Where an error came from. */
export interface ErrorPlace {
  readonly part: Part;
  readonly script: Script;
  /** The statement that failed, where it is known. */
  readonly statement: Statement | undefined;
  readonly target: Target;
  /** What is there where the statement makes something, if it was found. */
  readonly existing?: Existing | undefined;
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
  if (isDuplicate(state)) return duplicateRemedy(messageOf(cause), place);
  return (
    migrationRemedies[state ?? ""] ??
    "Fix this tenant, or correct the migration if it was never released, then run the same command again."
  );
}

/** What to do about something that exists already: it depends on who made it, and on what else is there. */
function duplicateRemedy(message: string, place: ErrorPlace): string {
  const { existing, script, statement } = place;
  const [name = ""] = namesIn(message);
  const naming = name === "" ? undefined : earlierNaming(name, script, statement);
  if (existing === undefined && naming !== undefined)
    return `Line ${naming.line} of the same file names "${name}", too. If that line creates it, correct the file: use another name, or drop it first.`;
  if (existing === undefined)
    return "Look what has this name, then rename or drop it, or give it another name in the migration. Then run the same command again.";
  const { madeBy, drizzle, there, wanted } = existing;
  const correct =
    "correct this one if it was never released: use another name, or drop or rename what is there first.";
  // All of several things are rather what the migration makes itself.
  if (madeBy !== undefined && (there < wanted || wanted <= 1))
    return `An earlier migration made it, so ${correct} ${recording(place)}`;
  if (drizzle)
    return `drizzle-orm's own migrator has worked here: record what it applied with ${command(place, "stamp --from-drizzle")}.`;
  if (there < wanted)
    return `Not all that this migration makes exists (${there} of ${wanted} objects), so it cannot be recorded as applied. Rename or drop what is there if it is not needed, then run the same command again; or ${correct}`;
  return `${recording(place)} If it is something else, rename or drop it, then run the same command again.`;
}

function recording(place: ErrorPlace): string {
  const { tag } = place.script.migration;
  return `If all that this migration makes is there as it makes it, record it without running it: ${command(place, `stamp ${tag}`)}.`;
}

function command({ target: { service, tenant } }: ErrorPlace, verb: string): string {
  return `drizzle-fleet ${verb} --service ${service}${tenant === undefined ? "" : ` --tenant ${tenant}`}`;
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
