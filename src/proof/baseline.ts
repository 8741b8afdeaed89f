import { randomBytes } from "node:crypto";
import { differenceOf } from "../catalog/compare.ts";
import { catalogOf } from "../catalog/facts.ts";
import { packageVersion } from "../config/version.ts";
import type { Baseline, BaselineResult } from "../core/baseline.ts";
import { isFleetError, messageOf } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import { fill, type Template } from "../core/template.ts";
import { type FreshColumns, freshColumns, sameBag, withoutColumns } from "../dump/rows/compare.ts";
import { dumpContent, insertsOf, setSequences, type TableContent } from "../dump/rows/content.ts";
import { withoutInternalOptions } from "../dump/sql/old-options.ts";
import { dumpStructure } from "../dump/structure.ts";
import type { DumpedTable, StructureDump } from "../dump/types.ts";
import type { Context } from "../fleet/context.ts";
import { runInTenantTransaction } from "../fleet/tenant-transaction.ts";
import { digestOf } from "../ledger/digest.ts";
import { sealing } from "../ledger/seal.ts";
import { insertEntries, ledgerOf } from "../ledger/table.ts";
import type { History } from "../plan/history.ts";
import { ensureExtensions } from "../postgres/extensions.ts";
import type { Session } from "../postgres/session.ts";
import { ledgerIs } from "../rollout/guard.ts";
import { loadParser } from "../sql/parser.ts";
import { readStatements } from "../sql/read-statements.ts";
import { type Bench, dropScratchSchema } from "./bench.ts";
import { replay } from "./replay.ts";
import { benchOf } from "./scratch.ts";

/** The shortest history that gets a baseline. */
const minMigrations = 20;

/** The most rows that a history with a baseline can leave. */
const maxRows = 5_000;

/** True for a history that is long enough to be worth a baseline. */
export function needsBaseline({ migrations }: History): boolean {
  return migrations.length >= minMigrations;
}

/**
 * Creates the content of a tenant schema from a baseline, in one transaction. The schema must exist, with an empty
 * ledger. The transaction commits asynchronously: the caller must flush the write-ahead log of this session before it
 * reports success.
 *
 * @throws FleetError `onboarding` when the server refuses a statement
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
    ...sealing(target.schema, digestOf(ledger), [insertEntries(target.schema, ledger, by)]),
  ];
  const expectation = ledgerIs(target.schema, digestOf([]), "nothing");
  const work = { create: "nothing", expectation, flushedLater: true } as const;
  await runInTenantTransaction({ context, session, target }, work, script);
}

/** Three scratch schemas: two replays of a history, and a copy that is created from the baseline. */
interface ScratchTargets {
  readonly first: Target;
  readonly second: Target;
  readonly copy: Target;
}

/**
 * Makes a service's baseline and proves it. It replays the history twice, dumps the first replay, creates a third schema
 * from the dump, and compares. Where the two replays differ in a column that has a default, the baseline leaves the value
 * to the default; any other difference means that the history has no baseline.
 *
 * @param history the service's complete history
 * @returns the baseline, or why the history must be replayed instead
 */
export async function makeBaseline(
  context: Context,
  session: Session,
  { database, service }: Pick<Target, "database" | "service">,
  history: History,
): Promise<BaselineResult> {
  await loadParser();
  const scratch = (): Target => ({
    ...{ database, service, tenant: undefined },
    schema: `fleet_baseline_${randomBytes(8).toString("hex")}`,
  });
  const targets: ScratchTargets = { first: scratch(), second: scratch(), copy: scratch() };
  try {
    return await makeInScratch(context, session, targets, history);
  } catch (error) {
    if (session.lost) throw error;
    const problem = isFleetError(error) ? (error.problems[0] ?? error) : error;
    return { refused: messageOf(problem) };
  } finally {
    if (!session.lost)
      for (const { schema } of Object.values(targets)) await dropScratchSchema(session, schema);
  }
}

/** Drops the scratch schemas of commands that were killed. The caller must hold the lock on baselines. */
export async function dropScratch(session: Session): Promise<void> {
  const remaining = await session.query<{ schema: string }>(
    "SELECT nspname AS schema FROM pg_catalog.pg_namespace WHERE nspname ~ '^fleet_baseline_[0-9a-f]{16}$'",
  );
  for (const { schema } of remaining)
    await session.query(`DROP SCHEMA ${quoteIdentifier(schema)} CASCADE`);
}

async function makeInScratch(
  context: Context,
  session: Session,
  { first, second, copy }: ScratchTargets,
  { migrations }: History,
): Promise<BaselineResult> {
  const config = context.config.fleet.services[first.service];
  if (config === undefined) throw new Error(`no service ${first.service}`);
  const bench = benchOf(context, session, first.service, config);
  for (const { schema } of [first, second]) {
    const failed = await replay(bench, schema, migrations);
    if (failed !== undefined)
      return {
        refused: `${failed.migration.tag} fails in a scratch schema: ${failed.error.message}`,
      };
  }
  const dump = await dumpStructure(session, first.schema);
  const rows = await compareReplays(session, first, second, dump);
  if ("refused" in rows) return rows;
  const statements = [
    ...dump.preData,
    ...inserts(rows.contents, rows.fresh).map((text): Template => [text]),
    ...setSequences(dump.sequences).map((text): Template => [text]),
    ...dump.postData,
  ];
  const extensions = extensionsOf(bench, migrations);
  const baseline = { statements, ledger: await readLedger(session, first), extensions };
  const place = { context, session, target: copy };
  await runInTenantTransaction(place, { create: "schemaAndLedger" }, []);
  await applyBaseline(context, session, copy, baseline);
  return (await differenceFrom(session, first, copy, rows)) ?? baseline;
}

/** The extensions that the migrations create. The replay has created them, and has refused what cannot be read. */
function extensionsOf(bench: Bench, migrations: readonly Migration[]): string[] {
  const all = migrations.flatMap(
    ({ file, text, tag }) => readStatements(file, text, bench.allowanceOf(tag), []).extensions,
  );
  return [...new Set(all)];
}

/** What the first replay left, and the columns that the baseline leaves to their defaults. */
interface Rows {
  readonly contents: readonly TableContent[];
  readonly fresh: FreshColumns;
  readonly dump: StructureDump;
}

/** Compares rows and sequences of the two replays. */
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

/** How the copy differs from the first replay; undefined if they are the same. */
async function differenceFrom(
  session: Session,
  first: Target,
  copy: Target,
  { contents, fresh, dump }: Rows,
): Promise<{ readonly refused: string } | undefined> {
  const facts = async ({ schema }: Target) =>
    (await catalogOf(session, schema)).map((fact) => fact.replaceAll(schema, "{tenant}"));
  const { missing, extra } = differenceOf(await facts(first), await facts(copy));
  const [fact] = [...missing, ...extra];
  if (fact !== undefined)
    return { refused: `the schema created from the baseline differs: ${fact}` };
  const made = await dumpContent(session, copy.schema, dump.tables, { maxRows });
  const rowsOf = new Map(made?.map(({ table, rows }) => [table.name, rows]));
  const differing = contents.find(({ table, rows }) => {
    const without = fresh.get(table.name) ?? [];
    const now = withoutColumns(table, rowsOf.get(table.name) ?? [], without);
    return !sameBag(withoutColumns(table, rows, without), now);
  });
  if (differing !== undefined || made?.length !== contents.length)
    return {
      refused: `the baseline creates different rows in ${differing?.table.name ?? "some table"}`,
    };
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

/** The columns that have a default, by table. */
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
