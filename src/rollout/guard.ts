import type { LedgerEntry } from "../core/ledger.ts";
import type { Creation } from "../core/plan.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import { digestExpression, digestOf } from "../ledger/digest.ts";
import { fromRelationsOf } from "../ledger/read-ledgers.ts";
import { makeSealable } from "../ledger/seal.ts";
import { createLedger, ledgerOf } from "../ledger/table.ts";
import type { Channel } from "../postgres/channel.ts";
import { lockKey } from "../postgres/lock.ts";
import { grantNewSchema, limitToSelect } from "../postgres/privileges.ts";
import { sqlstate } from "../postgres/sqlstate.ts";

export interface GuardOptions {
  readonly target: Target;
  readonly sharedSchemas: readonly string[];
  readonly settings: ReadonlyMap<string, string>;
  /** The condition that the ledger must meet, as SQL. */
  readonly expectation: string;
  readonly create: Creation;
  /** The role that is granted access when the schema or its ledger is created. */
  readonly role?: string | undefined;
  /** The tags of the entries that the step writes. The guard stores a digest of all others for `ledgerIsIntact`. */
  readonly own?: readonly string[] | undefined;
  readonly precondition?: Precondition;
  /** `transaction`: lock and settings end with the transaction; `session`: they outlive it. */
  readonly scope: "transaction" | "session";
}

/** A condition that must be true before a statement runs, and the error to raise otherwise. */
export interface Precondition {
  /** As SQL. */
  readonly condition: string;
  readonly sqlstate: string;
  readonly message: string;
}

/**
 * The statements that begin every change of a target. They set timeouts and the search_path, take the target's lock without
 * waiting, and check that the ledger is as the plan saw it. They create the schema and ledger if needed, and check that
 * names resolve in the tenant schema. Each refusal has its own SQLSTATE.
 */
export function guard(options: GuardOptions): string[] {
  const { target, scope, expectation } = options;
  const local = scope === "transaction";
  const lock = local ? "pg_try_advisory_xact_lock" : "pg_try_advisory_lock";
  const store = (name: string, query: string) =>
    `pg_catalog.set_config('drizzle_fleet.${name}', (${query})::text, true)`;
  const expected = [store("expected", expectation)];
  if (options.own !== undefined)
    expected.push(store("others", othersIn(target.schema, options.own, options.create)));
  const path = tenantSearchPath(target, options.sharedSchemas);
  // Queries are outside the block because PL/pgSQL takes twice as long for them.
  const set = local ? "SET LOCAL" : "SET";
  const settings = [...options.settings].map(
    ([name, value]) => `${set} ${name} = ${quoteLiteral(value)}`,
  );
  return [
    ...settings,
    ownSearchPath,
    // Two statements, so that the second one sees what was committed before the first one took the lock.
    `SELECT ${store("locked", `pg_catalog.${lock}(${lockKey(target.schema)})`)}`,
    `SELECT ${expected.join(", ")}`,
    `${set} search_path = ${path}`,
    `DO ${quoteLiteral(guardBlock(options))}`,
  ];
}

/** The part of the guard that decides: a block of PL/pgSQL. */
function guardBlock({ target, create, role, precondition }: GuardOptions): string {
  const stored = (name: string) => `pg_catalog.current_setting('drizzle_fleet.${name}')`;
  const raise = (state: Refusal) =>
    `RAISE EXCEPTION ${quoteLiteral(refusals[state])} USING ERRCODE = '${state}';`;
  const created = creation(create, target.schema, role);
  return `BEGIN
  IF ${stored("locked")} <> 'true' THEN
    ${raise(sqlstate.targetLocked)}
  END IF;
  IF ${stored("expected")} <> 'true' THEN
    ${raise(sqlstate.ledgerMoved)}
  END IF;
  ${created.map((statement) => `${statement};`).join("\n  ")}
  IF current_schema() IS DISTINCT FROM ${quoteLiteral(target.schema)} THEN
    ${raise(sqlstate.wrongSchema)}
  END IF;
  ${precondition === undefined ? "" : preconditionCheck(precondition)}
END`;
}

/** Why the guard refuses a target. */
export const refusals = {
  [sqlstate.targetLocked]: "another runner is working on this target",
  [sqlstate.ledgerMoved]: "the ledger has changed since the plan was made",
  [sqlstate.wrongSchema]: "the tenant schema does not exist, or the role lacks USAGE on it",
} as const;

export type Refusal = keyof typeof refusals;

/** The search_path for a tenant's statements. */
export function tenantSearchPath({ schema }: Target, sharedSchemas: readonly string[]): string {
  return [schema, ...sharedSchemas].map(quoteIdentifier).join(", ");
}

const resetCommands = [
  "RESET ALL",
  "DISCARD TEMP",
  "DISCARD SEQUENCES",
  "CLOSE ALL",
  "UNLISTEN *",
  "SELECT pg_catalog.pg_advisory_unlock_all()",
] as const;

/**
 * Statements that remove what an earlier migration may have left in the session: settings, temporary tables, prepared
 * statements, locks. A session serves one tenant after another, which must not see each other's rows. Prepared statements
 * of a pooled backend stay: they belong to the pooler, which shares them among its clients.
 */
export function sessionReset({ pooled }: Pick<Channel, "pooled">): readonly string[] {
  return pooled ? resetCommands : [...resetCommands, "DEALLOCATE ALL"];
}

/**
 * Runs deferred constraints and triggers now, while names resolve in the tenant schema, and before the ledger is checked.
 */
export const checkDeferred = "SET CONSTRAINTS ALL IMMEDIATE";

/**
 * The search_path for the tool's own queries. With a different path for each tenant, PostgreSQL would look up every operator
 * again, which costs more than the queries. Temporary objects of a migration come last.
 */
export const ownPath = "pg_catalog, pg_temp";

export const ownSearchPath = `SET LOCAL search_path = ${ownPath}`;

function preconditionCheck({ condition, sqlstate: state, message }: Precondition): string {
  return `IF NOT (${condition}) THEN
    RAISE EXCEPTION USING ERRCODE = ${quoteLiteral(state)}, MESSAGE = ${quoteLiteral(message)};
  END IF;`;
}

/** SQL that is true while the ledger is as the plan saw it: it has the same digest, or it is still missing. */
export function ledgerIs(schema: string, digest: string, create: Creation): string {
  if (create !== "nothing") return noLedger(schema);
  return `(SELECT ${digestExpression} FROM ${ledgerOf(schema)}) = ${quoteLiteral(digest)}`;
}

/** SQL for a digest of all ledger entries but those that a step writes. */
function othersIn(schema: string, own: readonly string[], create: Creation): string {
  if (create !== "nothing") return quoteLiteral(digestOf([]));
  return `SELECT ${digestExpression} FROM ${ledgerOf(schema)} WHERE tag NOT IN (${own.map(quoteLiteral).join(", ")})`;
}

/** The unknown setting in PostgreSQL's error when a migration has changed the ledger. */
export const changedLedger = "drizzle_fleet.ledger_was_changed";

/**
 * Statements that fail if the ledger is not as expected: a migration, or a trigger that it left on the ledger, has deleted
 * or changed an entry. They read an unknown setting to fail, which is faster than a block of PL/pgSQL.
 *
 * @param own the tags that the step writes; all other entries must be as the guard saw them
 * @param written the condition that the step's own entries must meet, as SQL
 * @param planned the digest of all other entries; by default the one that the guard stored
 */
export function ledgerIsIntact(
  schema: string,
  own: readonly string[],
  written: string,
  planned?: string,
): string[] {
  const others = othersIn(schema, own, "nothing");
  const kept =
    planned === undefined
      ? `coalesce(pg_catalog.current_setting('drizzle_fleet.others', true), '') IN ('', (${others}))`
      : `(${others}) = ${quoteLiteral(planned)}`;
  return failUnless(`${kept} AND ${written}`);
}

/** Like `ledgerIsIntact`, for a step that writes the complete ledger. */
export function ledgerHas(schema: string, entries: readonly LedgerEntry[]): string[] {
  return failUnless(ledgerIs(schema, digestOf(entries), "nothing"));
}

function failUnless(condition: string): string[] {
  return [
    `SELECT CASE WHEN ${condition} THEN '' ELSE pg_catalog.current_setting('${changedLedger}') END`,
  ];
}

/** The ledger entry of a migration, and how much of it is applied. */
export interface EntryProgress {
  readonly tag: string;
  readonly checksum: string;
  /** Number of applied statements. */
  readonly applied: number;
  /** Whether the next statement, one that runs alone, may have begun. */
  readonly begun: boolean;
}

/** SQL that is true when the ledger has this entry. Without `applied`, any progress counts. */
export function hasEntry(
  schema: string,
  { tag, checksum, applied }: Pick<EntryProgress, "tag" | "checksum"> & Partial<EntryProgress>,
): string {
  const progress = applied === undefined ? "" : ` AND applied = ${applied}`;
  return `EXISTS (SELECT FROM ${ledgerOf(schema)} WHERE tag = ${quoteLiteral(tag)} AND checksum = ${quoteLiteral(checksum)}${progress})`;
}

/** SQL that is true when the ledger has none of these entries. */
export function hasNoEntries(schema: string, tags: readonly string[]): string {
  return `NOT EXISTS (SELECT FROM ${ledgerOf(schema)} WHERE tag IN (${tags.map(quoteLiteral).join(", ")}))`;
}

/** SQL that is true while the ledger has exactly this progress of an incomplete migration. */
export function hasProgress(
  schema: string,
  { tag, checksum, applied, begun }: EntryProgress,
): string {
  return `EXISTS (SELECT FROM ${ledgerOf(schema)} WHERE tag = ${quoteLiteral(tag)}
    AND checksum = ${quoteLiteral(checksum)} AND applied = ${applied} AND applied < statements AND ${begun ? "" : "NOT "}begun)`;
}

/** SQL that is true while a statement has run in batches up to exactly this position, which the checksum contains. */
export function hasBatch(
  schema: string,
  { appliedChecksum, ...progress }: EntryProgress & { readonly appliedChecksum: string },
): string {
  const { tag } = progress;
  return `${hasProgress(schema, progress)} AND EXISTS (SELECT FROM ${ledgerOf(schema)}
    WHERE tag = ${quoteLiteral(tag)} AND applied_checksum = ${quoteLiteral(appliedChecksum)})`;
}

/** SQL that is true when at least this many statements, or all, of the migration are applied. */
export function hasReached(
  schema: string,
  { tag, checksum, applied }: Omit<EntryProgress, "begun">,
): string {
  return `EXISTS (SELECT FROM ${ledgerOf(schema)} WHERE tag = ${quoteLiteral(tag)}
    AND checksum = ${quoteLiteral(checksum)} AND (applied >= ${applied} OR applied = statements))`;
}

/** SQL that is true when there is no ledger. */
export function noLedger(schema: string): string {
  return `pg_catalog.to_regclass(${quoteLiteral(ledgerOf(schema))}) IS NULL`;
}

/** Statements that create what a target is missing. For `whatIsMissing`, they are PL/pgSQL. */
export function creation(create: Creation, schema: string, role: string | undefined): string[] {
  if (create === "nothing") return [];
  const createSchema = `CREATE SCHEMA ${quoteIdentifier(schema)}`;
  const ledger = [createLedger(schema), ...makeSealable(schema)];
  const statements: Record<typeof create, readonly string[]> = {
    ledger,
    schemaAndLedger: [createSchema, ...ledger],
    whatIsMissing: [
      `IF pg_catalog.to_regnamespace(${quoteLiteral(quoteIdentifier(schema))}) IS NULL THEN
    ${createSchema};
  END IF`,
      `IF EXISTS (SELECT ${fromRelationsOf(`ARRAY[${quoteLiteral(schema)}]`)}) THEN
    RAISE EXCEPTION 'the tenant schema contains tables, views or sequences, but no ledger' USING ERRCODE = '${sqlstate.wrongSchema}';
  END IF`,
      ...ledger,
    ],
  };
  // An existing schema may have tables and roles that use them, so its missing privileges are granted after the rollout.
  const grants =
    (create === "schemaAndLedger" || create === "whatIsMissing") && role !== undefined
      ? [...grantNewSchema(schema, role), ...limitToSelect(ledgerOf(schema), role)]
      : [];
  return [...statements[create], ...grants];
}
