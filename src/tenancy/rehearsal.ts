import { randomBytes } from "node:crypto";
import { differenceOf } from "../catalog/compare.ts";
import { catalogOf } from "../catalog/facts.ts";
import type { ServiceConfig } from "../config/schema.ts";
import { FleetError, isFleetError, throwProblems } from "../core/errors.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import type { FileRows, FileSchema, PlacedLine, TenantFile } from "../dump/file/format.ts";
import { structureProblems } from "../dump/file/proven-structure.ts";
import { readServices } from "../dump/file/read.ts";
import { rowDigests } from "../dump/rows/digests.ts";
import { ledger, setForRows } from "../dump/rows/stream.ts";
import { sharedSchemasOf } from "../fleet/services.ts";
import { targetError } from "../fleet/target-errors.ts";
import type { Session } from "../postgres/session.ts";
import { guard, noLedger } from "../rollout/guard.ts";
import { loadParser } from "../sql/parser.ts";
import { makerFor, verifyStructure } from "./copying.ts";
import type { Exported } from "./export.ts";
import { allowanceFor, fillFromFile, importable } from "./from-file.ts";
import type { LockedTenant } from "./tenant-lock.ts";

/**
 * Tries the import of a new file, and compares structure, catalog and rows with the original. It renames the original schemas
 * in the transactions that exported them, and rolls back to a savepoint afterwards: no other session sees the copy, and a
 * killed command leaves nothing behind.
 *
 * @throws FleetError `refused` if the file cannot be imported, or if the copy differs
 */
export async function rehearse(
  locked: LockedTenant,
  exported: readonly Exported[],
  file: TenantFile,
): Promise<void> {
  await loadParser();
  for await (const { schema, rows } of readServices(file)) {
    const one = exported.find(({ source }) => source.target.service === schema.service);
    if (one === undefined) throw new Error(`no service ${schema.service}`);
    await rehearseOne(locked, one, importable(schema), rows).catch((error: unknown) => {
      throw importError(one, error);
    });
  }
}

async function rehearseOne(
  locked: LockedTenant,
  { source: { session, target }, structure }: Exported,
  written: PlacedLine<FileSchema>,
  rows: AsyncIterable<FileRows>,
): Promise<void> {
  const { context } = locked;
  const config = context.config.fleet.services[target.service];
  if (config === undefined) throw new Error(`no service ${target.service}`);
  const { schema } = target;
  const allowance = await allowanceFor(context, target.service, config, true);
  throwProblems(
    structureProblems(written, allowance).slice(0, 10),
    "an import would refuse the SQL in the file",
  );
  const facts = await factsOf(session, schema);
  const original = await beginRehearsal(session, target, config);
  try {
    await fillFromFile(locked, session, target, written, rows, makerFor(session, target));
    await verifyStructure(session, target, structure);
    const { missing, extra } = differenceOf(facts, await factsOf(session, schema));
    const [fact] = [...missing, ...extra];
    if (fact !== undefined) throw differentCopyError(schema, fact);
    await verifyRows(session, original, schema, [ledger, ...structure.tables]);
  } finally {
    if (!session.lost) await session.script("ROLLBACK TO rehearsal; RELEASE rehearsal");
  }
}

/**
 * Renames the tenant schema after a savepoint, and creates an empty schema and ledger under its name.
 *
 * @returns the temporary name of the tenant schema
 */
async function beginRehearsal(
  session: Session,
  target: Target,
  config: ServiceConfig,
): Promise<string> {
  const { schema } = target;
  const original = `fleet_rehearsal_${randomBytes(8).toString("hex")}`;
  const opening = guard({
    target,
    sharedSchemas: sharedSchemasOf(config),
    // As in an import: its duration depends on the number of rows.
    settings: new Map([["statement_timeout", "0"]]),
    expectation: noLedger(schema),
    create: "schemaAndLedger",
    scope: "transaction",
  });
  const rename = `ALTER SCHEMA ${quoteIdentifier(schema)} RENAME TO ${quoteIdentifier(original)}`;
  await session.script(["SAVEPOINT rehearsal", rename, ...opening].join(";\n"));
  return original;
}

/** Compares the rows of the imported schema with those of the original, table by table. */
async function verifyRows(
  session: Session,
  original: string,
  schema: string,
  tables: Parameters<typeof rowDigests>[2],
): Promise<void> {
  await setForRows(session, original);
  const before = await rowDigests(session, original, tables);
  await setForRows(session, schema);
  const after = await rowDigests(session, schema, tables);
  const table = tables.find(({ name }) => before.get(name) !== after.get(name));
  if (table !== undefined) throw differentCopyError(schema, `the rows of ${table.name}`);
}

/** The catalog without grants, which are not copied, and without views, which `withoutSameViews` compares. */
async function factsOf(session: Session, schema: string): Promise<string[]> {
  return (await catalogOf(session, schema)).filter((fact) => !/^(?:grants|view) /.test(fact));
}

function differentCopyError(schema: string, difference: string): FleetError {
  return new FleetError("refused", `the imported copy of ${schema} differs: ${difference}`, {
    remedy: "This is a bug in drizzle-fleet: please report it.",
  });
}

function importError({ source: { target } }: Exported, error: unknown): FleetError {
  const reason = isFleetError(error) ? error : targetError(target, error);
  return new FleetError(
    "refused",
    `the file of ${target.schema} could not be imported: ${reason.message}`,
    {
      where: target.schema,
      remedy: `Nothing was dropped, and the file was deleted. ${reason.remedy ?? "Fix the problem above, then run the same command again."}`,
      problems: reason.problems,
      cause: error,
    },
  );
}
