import type { LedgerEntry } from "../core/ledger.ts";
import type { Creation } from "../core/plan.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import { digestExpression, digestOf } from "../ledger/digest.ts";
import { fromRelationsOf } from "../ledger/read-ledgers.ts";
import { createLedger, ledgerOf } from "../ledger/table.ts";
import type { Channel } from "../postgres/channel.ts";
import { lockKey } from "../postgres/lock.ts";
import { grantNewSchema, limitToSelect } from "../postgres/privileges.ts";
import { sqlstate } from "../postgres/sqlstate.ts";

export interface GuardOptions {
  readonly target: Target;
  readonly sharedSchemas: readonly string[];
  readonly settings: ReadonlyMap<string, string>;
  /** Where the ledger must stand, as SQL that is true or false. */
  readonly expectation: string;
  readonly create: Creation;
  /** The role to let in when the schema or its ledger is created. */
  readonly role?: string | undefined;
  /** The entries that are about to be written; what the others say is remembered, for `ledgerIsIntact`. */
  readonly own?: readonly string[];
  /** What else must be true, and the error to raise when it is not. */
  readonly demand?: {
    readonly condition: string;
    readonly sqlstate: string;
    readonly message: string;
  };
  /** `transaction`: lock and settings end with the transaction; `session`: they outlive it. */
  readonly scope: "transaction" | "session";
}

/**
 * The first statements of everything that changes a target. They set timeouts and the search_path; then one block
 * takes the target's lock without waiting for it, checks that the ledger is where the plan saw it, creates what is
 * to be created, and makes sure that names resolve in the tenant schema and nowhere else. Each refusal has a
 * SQLSTATE of its own.
 */
export function guard(options: GuardOptions): string[] {
  const { target, scope, expectation } = options;
  const local = scope === "transaction";
  const lock = local ? "pg_try_advisory_xact_lock" : "pg_try_advisory_lock";
  const remember = (name: string, question: string) =>
    `pg_catalog.set_config('drizzle_fleet.${name}', (${question})::text, true)`;
  const expected = [remember("expected", expectation)];
  if (options.own !== undefined)
    expected.push(remember("others", othersIn(target.schema, options.own, options.create)));
  const answer = (name: string) => `pg_catalog.current_setting('drizzle_fleet.${name}')`;
  const path = tenantPath(target, options.sharedSchemas);
  // All that is a query stands outside of the block: planned by PL/pgSQL it costs twice as much.
  const set = local ? "SET LOCAL" : "SET";
  const settings = [...options.settings].map(
    ([name, value]) => `${set} ${name} = ${quoteLiteral(value)}`,
  );
  const body = `BEGIN
  IF ${answer("locked")} <> 'true' THEN
    RAISE EXCEPTION 'another runner is working on this target' USING ERRCODE = '${sqlstate.targetLocked}';
  END IF;
  IF ${answer("expected")} <> 'true' THEN
    RAISE EXCEPTION 'the ledger has changed since the plan was made' USING ERRCODE = '${sqlstate.ledgerMoved}';
  END IF;
  ${creation(options.create, target.schema, options.role)}
  IF current_schema() IS DISTINCT FROM ${quoteLiteral(target.schema)} THEN
    RAISE EXCEPTION 'the tenant schema does not exist or may not be used' USING ERRCODE = '${sqlstate.wrongSchema}';
  END IF;
  ${options.demand === undefined ? "" : demanded(options.demand)}
END`;
  return [
    ...settings,
    ownPath,
    // Two statements, so that the second one sees what was committed before the first one had the lock.
    `SELECT ${remember("locked", `pg_catalog.${lock}(${lockKey(target.schema)})`)}`,
    `SELECT ${expected.join(", ")}`,
    `${set} search_path = ${path}`,
    `DO ${quoteLiteral(body)}`,
  ];
}

/** The search_path that a tenant's statements run with. */
export function tenantPath({ schema }: Target, sharedSchemas: readonly string[]): string {
  return [schema, ...sharedSchemas].map(quoteIdentifier).join(", ");
}

const cleanSlate = [
  "RESET ALL",
  "DISCARD TEMP",
  "DISCARD SEQUENCES",
  "CLOSE ALL",
  "UNLISTEN *",
  "SELECT pg_catalog.pg_advisory_unlock_all()",
] as const;

/**
 * Takes back what an earlier migration may have left in the session, which serves one tenant after the other:
 * settings, temporary tables, prepared statements, locks. Without it a tenant could see another one's rows. The
 * prepared statements of a pooled backend belong to the pooler, which hands them to its other clients.
 */
export function slateFor({ pooled }: Pick<Channel, "pooled">): readonly string[] {
  return pooled ? cleanSlate : [...cleanSlate, "DEALLOCATE ALL"];
}

/**
 * Constraints and triggers that wait for the commit run now, while names resolve in the tenant schema; and those on the
 * ledger run before it is looked at.
 */
export const nothingDeferred = "SET CONSTRAINTS ALL IMMEDIATE";

/**
 * For the tool's own queries. With every tenant's path PostgreSQL would look each operator up anew, which costs more
 * than to run them. Temporary objects of a migration come last.
 */
export const ownPath = "SET LOCAL search_path = pg_catalog, pg_temp";

function demanded({
  condition,
  sqlstate: state,
  message,
}: NonNullable<GuardOptions["demand"]>): string {
  return `IF NOT (${condition}) THEN
    RAISE EXCEPTION USING ERRCODE = ${quoteLiteral(state)}, MESSAGE = ${quoteLiteral(message)};
  END IF;`;
}

/** True while the ledger has the digest that the plan saw; without a ledger, while there still is none. */
export function ledgerIs(schema: string, digest: string, create: Creation): string {
  if (create !== "nothing") return noLedger(schema);
  return `(SELECT ${digestExpression} FROM ${ledgerOf(schema)}) = ${quoteLiteral(digest)}`;
}

/** A digest of what the ledger says beside the entries that a step writes. */
function othersIn(schema: string, own: readonly string[], create: Creation): string {
  if (create !== "nothing") return quoteLiteral(digestOf([]));
  return `SELECT ${digestExpression} FROM ${ledgerOf(schema)} WHERE tag NOT IN (${own.map(quoteLiteral).join(", ")})`;
}

/** What PostgreSQL complains about when a migration has changed the ledger it runs under. */
export const changedLedger = "drizzle_fleet.ledger_was_changed";

/**
 * Statements that end a step's transaction with an error when the ledger does not say what it should: a migration, or a
 * trigger that it left on the ledger, has taken away, swallowed or changed an entry. An unknown setting costs less to complain about than a block of PL/pgSQL.
 *
 * @param own the entries that the step writes; the others must be as the guard saw them
 * @param written what must be true of its own, as SQL
 */
export function ledgerIsIntact(schema: string, own: readonly string[], written: string): string[] {
  const others = othersIn(schema, own, "nothing");
  const kept = `coalesce(pg_catalog.current_setting('drizzle_fleet.others', true), '') IN ('', (${others}))`;
  return complainUnless(`${kept} AND ${written}`);
}

/** As `ledgerIsIntact`, for a step that writes all of the ledger. */
export function ledgerSays(schema: string, entries: readonly LedgerEntry[]): string[] {
  return complainUnless(ledgerIs(schema, digestOf(entries), "nothing"));
}

function complainUnless(condition: string): string[] {
  return [
    `SELECT CASE WHEN ${condition} THEN '' ELSE pg_catalog.current_setting('${changedLedger}') END`,
  ];
}

/** True when the ledger has an entry with this checksum, of which so many statements are applied. */
export function entryIs(schema: string, tag: string, checksum: string, applied?: number): string {
  const progress = applied === undefined ? "" : ` AND applied = ${applied}`;
  return `EXISTS (SELECT FROM ${ledgerOf(schema)} WHERE tag = ${quoteLiteral(tag)} AND checksum = ${quoteLiteral(checksum)}${progress})`;
}

/** True when the ledger has none of these entries. */
export function noEntries(schema: string, tags: readonly string[]): string {
  return `NOT EXISTS (SELECT FROM ${ledgerOf(schema)} WHERE tag IN (${tags.map(quoteLiteral).join(", ")}))`;
}

/** True while the ledger says that this many statements of the migration are applied, and whether the next has begun. */
export function progressIs(
  schema: string,
  tag: string,
  checksum: string,
  applied: number,
  begun: boolean,
): string {
  return `EXISTS (SELECT FROM ${ledgerOf(schema)} WHERE tag = ${quoteLiteral(tag)}
    AND checksum = ${quoteLiteral(checksum)} AND applied = ${applied} AND applied < statements AND ${begun ? "" : "NOT "}begun)`;
}

/** True when the ledger says that this many statements of the migration are applied, or all of them. */
export function progressReached(
  schema: string,
  tag: string,
  checksum: string,
  applied: number,
): string {
  return `EXISTS (SELECT FROM ${ledgerOf(schema)} WHERE tag = ${quoteLiteral(tag)}
    AND checksum = ${quoteLiteral(checksum)} AND (applied >= ${applied} OR applied = statements))`;
}

/** True when there is no ledger. */
export function noLedger(schema: string): string {
  return `pg_catalog.to_regclass(${quoteLiteral(ledgerOf(schema))}) IS NULL`;
}

function creation(create: Creation, schema: string, role: string | undefined): string {
  const statements: string[] = {
    nothing: [],
    ledger: [createLedger(schema)],
    schemaAndLedger: [`CREATE SCHEMA ${quoteIdentifier(schema)}`, createLedger(schema)],
    whatIsMissing: [
      `IF pg_catalog.to_regnamespace(${quoteLiteral(quoteIdentifier(schema))}) IS NULL THEN
    CREATE SCHEMA ${quoteIdentifier(schema)};
  END IF`,
      `IF EXISTS (SELECT ${fromRelationsOf(`ARRAY[${quoteLiteral(schema)}]`)}) THEN
    RAISE EXCEPTION 'the tenant schema holds tables, views or sequences, but no ledger' USING ERRCODE = '${sqlstate.wrongSchema}';
  END IF`,
      createLedger(schema),
    ],
  }[create];
  // A schema that is there has tables, perhaps, and roles that use them: what is missing is granted after the rollout.
  if ((create === "schemaAndLedger" || create === "whatIsMissing") && role !== undefined)
    statements.push(...grantNewSchema(schema, role), ...limitToSelect(ledgerOf(schema), role));
  return statements.map((statement) => `${statement};`).join("\n  ");
}
