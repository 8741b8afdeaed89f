import { randomBytes } from "node:crypto";
import { differenceOf } from "../catalog/compare.ts";
import { catalogOf } from "../catalog/facts.ts";
import { packageVersion } from "../config/version.ts";
import type { Baseline, BaselineResult } from "../core/baseline.ts";
import { isFleetError, messageOf } from "../core/errors.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import { fill, type Template } from "../core/template.ts";
import { type FreshColumns, freshColumns, sameBag, withoutColumns } from "../dump/rows/compare.ts";
import { dumpContent, insertsOf, setSequences, type TableContent } from "../dump/rows/content.ts";
import { withoutInternalOptions } from "../dump/sql/old-options.ts";
import { dumpStructure } from "../dump/structure.ts";
import type { DumpedTable, StructureDump } from "../dump/types.ts";
import type { Context } from "../fleet/context.ts";
import { allowanceOf, sharedSchemasOf } from "../fleet/services.ts";
import { runInTenantTransaction } from "../fleet/tenant-transaction.ts";
import { digestOf } from "../ledger/digest.ts";
import { insertEntries, ledgerOf } from "../ledger/table.ts";
import type { History } from "../plan/history.ts";
import { planTarget } from "../plan/migrate.ts";
import { ensureExtensions } from "../postgres/extensions.ts";
import type { Session } from "../postgres/session.ts";
import { ledgerIs } from "../rollout/guard.ts";
import { runStep } from "../rollout/step.ts";
import { loadParser } from "../sql/parser.ts";
import { readStatements } from "../sql/read-statements.ts";

/** A shorter history is replayed at once. */
const worthwhile = 20;

/** A history that leaves more rows is replayed. */
const maxRows = 5_000;

/** True for a history that is long enough to be worth a baseline. */
export function deservesBaseline({ migrations }: History): boolean {
  return migrations.length >= worthwhile;
}

/**
 * Makes a new tenant schema from a baseline, in one transaction. The schema and its empty ledger must be there. Whoever
 * calls flushes the log on this session before he reports it.
 *
 * @throws FleetError `onboarding` when the server refuses
 */
export async function applyBaseline(
  context: Context,
  session: Session,
  target: Target,
  { statements, ledger, extensions }: Baseline,
): Promise<void> {
  const quoted = quoteIdentifier(target.schema);
  const schema = context.config.fleet.services[target.service]?.extensionSchema;
  if (schema !== undefined && extensions.length > 0)
    await ensureExtensions(session, schema, extensions);
  const by = `drizzle-fleet ${packageVersion()}, from the baseline`;
  const script = [
    "SET LOCAL check_function_bodies = off",
    ...withoutInternalOptions(statements).map((statement) => fill(statement, quoted)),
    insertEntries(target.schema, ledger, by),
  ];
  const expectation = ledgerIs(target.schema, digestOf([]), "nothing");
  const work = { create: "nothing", expectation, flushedLater: true } as const;
  await runInTenantTransaction({ context, session, target }, work, script);
}

/**
 * Makes a service's baseline: replays the history twice, writes down what came of it, makes a third schema from that,
 * and compares. What two replays fill differently is left to its default; what has none makes the history one that
 * must be replayed.
 *
 * @returns the baseline, or why there is none
 */
export async function makeBaseline(
  context: Context,
  session: Session,
  database: string,
  service: string,
  history: History,
): Promise<BaselineResult> {
  await loadParser();
  const scratch = [1, 2, 3].map(
    (): Target => ({
      ...{ database, service, tenant: undefined },
      schema: `fleet_baseline_${randomBytes(8).toString("hex")}`,
    }),
  );
  const [first, second, third] = scratch;
  if (first === undefined || second === undefined || third === undefined) throw new Error("three");
  try {
    const extensions = await replay(context, session, first, history);
    await replay(context, session, second, history);
    const dump = await dumpStructure(session, first.schema);
    const rows = await compareReplays(session, first, second, dump);
    if ("refused" in rows) return rows;
    const statements = [
      ...dump.preData,
      ...inserts(rows.contents, rows.fresh).map((text): Template => [text]),
      ...setSequences(dump.sequences).map((text): Template => [text]),
      ...dump.postData,
    ];
    const baseline = { statements, ledger: await readLedger(session, first), extensions };
    await runInTenantTransaction(
      { context, session, target: third },
      { create: "schemaAndLedger" },
      [],
    );
    await applyBaseline(context, session, third, baseline);
    return (await proven(session, first, third, rows)) ?? baseline;
  } catch (error) {
    if (session.lost) throw error;
    const problem = isFleetError(error) ? (error.problems[0] ?? error) : error;
    return { refused: messageOf(problem) };
  } finally {
    if (!session.lost)
      for (const { schema } of scratch)
        await session.query(`DROP SCHEMA IF EXISTS ${quoteIdentifier(schema)} CASCADE`);
  }
}

/** Drops what somebody who was killed in the middle has left. Whoever calls it holds the baselines' lock. */
export async function dropScratch(session: Session): Promise<void> {
  const left = await session.query<{ schema: string }>(
    "SELECT nspname AS schema FROM pg_catalog.pg_namespace WHERE nspname ~ '^fleet_baseline_[0-9a-f]{16}$'",
  );
  for (const { schema } of left)
    await session.query(`DROP SCHEMA ${quoteIdentifier(schema)} CASCADE`);
}

async function replay(
  context: Context,
  session: Session,
  target: Target,
  history: History,
): Promise<string[]> {
  const config = context.config.fleet.services[target.service];
  if (config === undefined) throw new Error(`no service ${target.service}`);
  const { timeouts } = context.config.fleet;
  const plan = planTarget(target, history, { kind: "noSchema" }, { allowOutOfOrder: false });
  const all: string[] = [];
  const by = `drizzle-fleet ${packageVersion()}`;
  for (const [index, step] of plan.steps.entries()) {
    const migration = history.migrations.find(({ tag }) => tag === step.tag);
    if (migration === undefined) throw new Error(`no migration ${step.tag}`);
    const { file, text, tag } = migration;
    const read = readStatements(file, text, allowanceOf(config, tag), []);
    all.push(...read.extensions);
    if (config.extensionSchema !== undefined && read.extensions.length > 0)
      await ensureExtensions(session, config.extensionSchema, read.extensions);
    const script = {
      migration,
      statements: read.statements,
      sharedSchemas: sharedSchemasOf(config),
    };
    const create = index === 0 ? plan.create : "nothing";
    await runStep({ session, target, step, script, context: { timeouts, by } }, create);
  }
  return [...new Set(all)];
}

interface Rows {
  readonly contents: readonly TableContent[];
  readonly fresh: FreshColumns;
  readonly dump: StructureDump;
}

async function compareReplays(
  session: Session,
  first: Target,
  second: Target,
  dump: StructureDump,
): Promise<Rows | { readonly refused: string }> {
  const contents = await dumpContent(session, first.schema, dump.tables, { maxRows });
  const others = await dumpContent(session, second.schema, dump.tables, { maxRows });
  if (contents === undefined || others === undefined)
    return { refused: `the history leaves more than ${maxRows} rows` };
  const repeated = await dumpStructure(session, second.schema);
  const positions = ({ sequences }: StructureDump) => JSON.stringify([...sequences].sort(byName));
  if (positions(dump) !== positions(repeated))
    return { refused: "two replays leave sequences at different positions" };
  const fresh = freshColumns(contents, others, await defaultsIn(session, first.schema));
  if ("differs" in fresh)
    return { refused: `two replays leave different rows in ${fresh.differs}` };
  return { contents, fresh, dump };
}

/** What the third schema lacks of the first, as a reason; undefined when they are the same. */
async function proven(
  session: Session,
  first: Target,
  third: Target,
  { contents, fresh, dump }: Rows,
): Promise<{ readonly refused: string } | undefined> {
  const facts = async ({ schema }: Target) =>
    (await catalogOf(session, schema)).map((fact) => fact.replaceAll(schema, "{tenant}"));
  const { missing, extra } = differenceOf(await facts(first), await facts(third));
  const [fact] = [...missing, ...extra];
  if (fact !== undefined) return { refused: `the baseline gives another schema: ${fact}` };
  const made = await dumpContent(session, third.schema, dump.tables, { maxRows });
  const rowsOf = new Map(made?.map(({ table, rows }) => [table.name, rows]));
  const differing = contents.find(({ table, rows }) => {
    const without = fresh.get(table.name) ?? [];
    const now = withoutColumns(table, rowsOf.get(table.name) ?? [], without);
    return !sameBag(withoutColumns(table, rows, without), now);
  });
  if (differing !== undefined || made?.length !== contents.length)
    return { refused: `the baseline gives other rows in ${differing?.table.name ?? "some table"}` };
  return undefined;
}

function inserts(contents: readonly TableContent[], fresh: FreshColumns): string[] {
  return contents.flatMap(({ table, rows }) => {
    const without = fresh.get(table.name) ?? [];
    const kept: DumpedTable = {
      ...table,
      columns: table.columns.filter((column) => !without.includes(column)),
    };
    return insertsOf(kept, withoutColumns(table, rows, without));
  });
}

async function defaultsIn(session: Session, schema: string): Promise<Map<string, Set<string>>> {
  const rows = await session.query<{ name: string; columns: string[] }>(
    `SELECT c.relname AS name, array_agg(a.attname::text) AS columns FROM pg_catalog.pg_attribute a
     JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
     WHERE c.relnamespace = to_regnamespace($1) AND a.atthasdef AND a.attgenerated = '' AND NOT a.attisdropped GROUP BY 1`,
    [quoteIdentifier(schema)],
  );
  return new Map(rows.map(({ name, columns }) => [name, new Set(columns)]));
}

function readLedger(session: Session, { schema }: Target): Promise<Baseline["ledger"]> {
  return session.query(
    `SELECT tag, checksum, statements, applied_checksum AS "appliedChecksum" FROM ${ledgerOf(schema)} ORDER BY tag COLLATE "C"`,
  );
}

function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : 1;
}
