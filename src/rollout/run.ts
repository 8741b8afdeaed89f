import { createHash } from "node:crypto";
import type { Timeouts } from "../config/schema.ts";
import type { Migration, Statement } from "../core/migration.ts";
import type { Creation, Step } from "../core/plan.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import { fill } from "../core/template.ts";
import { downTag } from "../ledger/down-tag.ts";
import { deleteEntries, ledgerOf, recordProgress } from "../ledger/table.ts";
import { scriptTimeout } from "../postgres/answer.ts";
import type { Channel } from "../postgres/channel.ts";
import { revokeWritesOfOthers } from "../postgres/privileges.ts";
import { withLineEnds } from "../source/line-ends.ts";
import {
  entryIs,
  ledgerIsIntact,
  noEntries,
  nothingDeferred,
  ownPath,
  tenantPath,
} from "./guard.ts";

/** A migration, or its down, made ready to run: then file, checksum and text are those of the down. */
export interface Script {
  readonly migration: Migration;
  readonly statements: readonly Statement[];
  /** Schemas that follow the tenant's own on the search_path. */
  readonly sharedSchemas: readonly string[];
}

export interface StepContext {
  readonly timeouts: Timeouts;
  /** The role that is let into what is created for a target. */
  readonly roleOf?: ((target: Target) => string | undefined) | undefined;
  /** Who applies it, for the ledger: program and version. */
  readonly by: string;
  /** Aborted: what runs is to end at once. */
  readonly cancel?: AbortSignal;
}

/** One step on its way. */
export interface Run {
  readonly session: Channel;
  readonly target: Target;
  readonly step: Step;
  readonly script: Script;
  readonly context: StepContext;
}

/** How a segment's transaction begins. */
export interface Opening {
  /** Where the ledger must stand, as SQL. */
  readonly expectation: string;
  readonly create: Creation;
  /** What must be run first in the transaction. */
  readonly prelude: readonly string[];
}

/** How every transaction begins. Whether it may write is the role's to say: see docs/ARCHITECTURE.md. */
export const begin = "BEGIN ISOLATION LEVEL READ COMMITTED";

/**
 * How one ends that has run SQL from outside. A transaction takes this setting when it begins, before the clean slate of
 * the next one: what a migration sets here must not reach the next tenant.
 */
export const end = ["RESET default_transaction_read_only", "COMMIT"];

/** How one begins that copies: all that it reads is of one moment. */
export const beginSnapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ";

/** How long the answer to a statement that runs alone may take, in milliseconds. */
export function patienceAlone({ timeouts }: StepContext): number {
  return scriptTimeout(timeouts.concurrently, 1);
}

/** The role to let into what a run creates. */
export function roleOf({ target, context }: Run): string | undefined {
  return context.roleOf?.(target);
}

/** A statement's text for the target's schema. */
export function textFor({ target }: Run, { sql }: Statement): string {
  return fill(sql, quoteIdentifier(target.schema));
}

/** The tag that a step's progress is recorded under: a down under way is an entry beside its migration's. */
export function progressTag({ action, tag, recordedAs = tag }: Step): string {
  return action === "downgrade" ? downTag(recordedAs) : tag;
}

/**
 * SQL that writes down how far the migration is. A down that is through takes the migration out of the ledger; what
 * was begun, and has left nothing, takes itself out.
 */
export function record(run: Run, applied: number, begun: boolean): string[] {
  const { target, step, script, context } = run;
  const { statements, migration } = script;
  const { schema } = target;
  const tag = progressTag(step);
  const own = ownTags(step);
  if (!begun && applied === statements.length && step.action === "downgrade")
    return written(run, deleteEntries(schema, own), noEntries(schema, own));
  if (!begun && applied === 0 && statements.length > 0)
    return written(run, deleteEntries(schema, [tag]), noEntries(schema, [tag]));
  const progress = recordProgress(schema, {
    tag,
    checksum: migration.checksum,
    statements: statements.length,
    applied,
    appliedChecksum: checksumOf(statements, applied + (begun ? 1 : 0)),
    begun,
    by: context.by,
  });
  return written(run, progress, entryIs(schema, tag, migration.checksum, applied));
}

/**
 * Writes into the ledger and looks whether it says what it should. What still waits for the commit then, because a
 * trigger put it off once more, resolves its names in the tenant schema.
 */
function written({ target, step, script }: Run, write: string, isWritten: string): string[] {
  const { schema } = target;
  // GRANT ... ON ALL TABLES means the tenant's tables, and meets the ledger, too.
  const grants = script.statements.some(({ original }) => /\ball\s+tables\b/i.test(original));
  return [
    nothingDeferred,
    ownPath,
    write,
    ...(grants ? [revokeWritesOfOthers(ledgerOf(schema))] : []),
    ...ledgerIsIntact(schema, ownTags(step), isWritten),
    `SET LOCAL search_path = ${tenantPath(target, script.sharedSchemas)}`,
  ];
}

/** The entries that a step writes: its own, and for a down the one of its migration. */
export function ownTags(step: Step): string[] {
  const tag = progressTag(step);
  return step.action === "downgrade" ? [step.recordedAs ?? step.tag, tag] : [tag];
}

/** sha256 hex of the text of the first `count` statements. */
function checksumOf(statements: readonly Pick<Statement, "original">[], count: number): string {
  const hash = createHash("sha256");
  for (const { original } of statements.slice(0, count)) hash.update(original).update("\0");
  return hash.digest("hex");
}

/** True when a checksum is that of the first `count` statements, with whichever line ends they had then. */
export function isChecksumOf(
  statements: readonly Statement[],
  count: number,
  checksum: string,
): boolean {
  if (checksumOf(statements, count) === checksum) return true;
  const texts = statements.slice(0, count).map(({ original }) => withLineEnds(original));
  return [0, 1].some(
    (end) =>
      checksumOf(
        texts.map((text) => ({ original: text[end] ?? "" })),
        count,
      ) === checksum,
  );
}
