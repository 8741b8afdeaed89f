import { randomBytes } from "node:crypto";
import { differenceOf } from "../catalog/compare.ts";
import { catalogOf } from "../catalog/facts.ts";
import { FleetError, isFleetError, throwProblems } from "../core/errors.ts";
import { quoteIdentifier } from "../core/quoting.ts";
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
import { allowanceFor, fillFromFile, readable } from "./from-file.ts";
import type { LockedTenant } from "./tenant-lock.ts";

/**
 * Imports a file that was just written, in rehearsal: in the transactions that have read it, where the tenant's schemas
 * have another name meanwhile, after a savepoint that is rolled back to. No other session sees any of it, and a command
 * that is killed leaves nothing. What was imported must have the same structure, catalog and rows.
 *
 * @throws FleetError `refused` that says what cannot be imported, or differs
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
    await rehearseOne(locked, one, readable(schema), rows).catch((error: unknown) => {
      throw failed(one, error);
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
  throwProblems(structureProblems(written, allowance).slice(0, 10), "its SQL would be refused");
  const facts = await factsOf(session, schema);
  const aside = `fleet_rehearsal_${randomBytes(8).toString("hex")}`;
  const opening = guard({
    target,
    sharedSchemas: sharedSchemasOf(config),
    // As in an import, which takes as long as its rows need.
    settings: new Map([["statement_timeout", "0"]]),
    expectation: noLedger(schema),
    create: "schemaAndLedger",
    scope: "transaction",
  });
  const rename = `ALTER SCHEMA ${quoteIdentifier(schema)} RENAME TO ${quoteIdentifier(aside)}`;
  await session.script(["SAVEPOINT rehearsal", rename, ...opening].join(";\n"));
  try {
    await fillFromFile(locked, session, target, written, rows, makerFor(session, target));
    await verifyStructure(session, target, structure);
    const { missing, extra } = differenceOf(facts, await factsOf(session, schema));
    const [fact] = [...missing, ...extra];
    if (fact !== undefined) throw different(schema, fact);
    const tables = [ledger, ...structure.tables];
    await setForRows(session, aside);
    const before = await rowDigests(session, aside, tables);
    await setForRows(session, schema);
    const after = await rowDigests(session, schema, tables);
    const table = tables.find(({ name }) => before.get(name) !== after.get(name));
    if (table !== undefined) throw different(schema, `the rows of ${table.name}`);
  } finally {
    if (!session.lost) await session.script("ROLLBACK TO rehearsal; RELEASE rehearsal");
  }
}

/** No copy has the grants of what it was made from; and views are compared as statements (`withoutSameViews`). */
async function factsOf(session: Session, schema: string): Promise<string[]> {
  return (await catalogOf(session, schema)).filter((fact) => !/^(?:grants|view) /.test(fact));
}

function different(schema: string, what: string): FleetError {
  return new FleetError("refused", `what was imported differs from ${schema} in ${what}`, {
    remedy: "This is a defect of drizzle-fleet: please report it.",
  });
}

function failed({ source: { target } }: Exported, error: unknown): FleetError {
  const reason = isFleetError(error) ? error : targetError(target, error);
  return new FleetError(
    "refused",
    `the file of ${target.schema} could not be imported: ${reason.message}`,
    {
      where: target.schema,
      remedy: `Nothing was dropped, and no file is left. ${reason.remedy ?? "Correct what is named."}`,
      problems: reason.problems,
      cause: error,
    },
  );
}
