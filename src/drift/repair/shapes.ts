import type { DriftRepair } from "../../core/drift.ts";
import { FleetError, messageOf } from "../../core/errors.ts";
import type { Target } from "../../core/target.ts";
import type { Template } from "../../core/template.ts";
import { dumpStructure } from "../../dump/structure.ts";
import type { StructureDump, StructureSql } from "../../dump/types.ts";
import type { OpenFleet } from "../../fleet/open-fleet.ts";
import { readDatabase } from "../../fleet/read-database.ts";
import type { Session } from "../../postgres/session.ts";
import { benchOf, withScratch } from "../../proof/scratch.ts";
import { withSharedSchemas } from "../../proof/shared-schemas.ts";
import { loadParser } from "../../sql/parser.ts";
import type { ComparedShape, Comparison } from "../compare.ts";
import { majorVersion } from "../look.ts";
import { structureIn } from "../replay-state.ts";
import { draftRepair, type RepairDraft } from "./draft.ts";
import { proveRepair, withoutRepairs } from "./prove.ts";
import type { RepairStatement } from "./statement.ts";

/** A shape with differences, and how to repair them. */
export interface ShapeRepair {
  readonly compared: ComparedShape;
  readonly draft: RepairDraft;
  readonly proved: boolean;
}

/** What repairs may do. */
export interface RepairChoices {
  /** True: they may remove what is not expected. */
  readonly allowDrops: boolean;
}

/** Writes SQL for each shape that has differences. It is not proved yet. */
export async function draftShapes(
  fleet: OpenFleet,
  { shapes }: Pick<Comparison, "shapes">,
  choices: RepairChoices,
): Promise<ShapeRepair[]> {
  const references = new Map<Target, StructureSql | undefined>();
  const repairs: ShapeRepair[] = [];
  for (const compared of shapes) {
    const { changes, expected, sample } = compared;
    if (changes.length === 0) continue;
    const { reference } = expected;
    if (reference !== undefined && !references.has(reference))
      references.set(reference, await structureOf(fleet, reference));
    const structure = reference === undefined ? expected.structure : references.get(reference);
    const draft = draftRepair(changes, {
      ...{ expected: expected.objects, found: sample.objects, structure },
    });
    repairs.push({ compared, draft: permitted(draft, choices), proved: false });
  }
  return repairs;
}

/** Reads the SQL of a target's schema; undefined if that is not possible. */
async function structureOf(
  { context, open }: OpenFleet,
  { database, schema }: Target,
): Promise<StructureSql | undefined> {
  return readDatabase(context, open.addressOf(database), (session) => structureIn(session, schema));
}

/** Takes out what removes something, unless that is permitted. */
function permitted(draft: RepairDraft, { allowDrops }: RepairChoices): RepairDraft {
  if (allowDrops) return draft;
  const removes = ({ statements }: RepairDraft["repaired"][number]) =>
    statements.some((one) => one.removes);
  const reason = "it would be removed, which needs --allow-drops";
  return {
    repaired: draft.repaired.filter((one) => !removes(one)),
    unrepaired: [
      ...draft.unrepaired,
      ...draft.repaired.filter(removes).map(({ difference }) => ({ difference, reason })),
    ],
  };
}

/**
 * Proves repairs on copies of tenants in scratch schemas.
 *
 * @throws FleetError `config` if the server for scratch schemas has another version than a database; the errors of
 *   `withScratch`
 */
export function proveShapes(
  fleet: OpenFleet,
  repairs: readonly ShapeRepair[],
): Promise<ShapeRepair[]> {
  if (repairs.length === 0) return Promise.resolve([]);
  return withScratch(fleet.context, undefined, async (scratch) => {
    await loadParser();
    const proved: ShapeRepair[] = [];
    for (const repair of repairs) proved.push(await proveShape(fleet, scratch, repair));
    return proved;
  });
}

async function proveShape(
  fleet: OpenFleet,
  scratch: Session,
  repair: ShapeRepair,
): Promise<ShapeRepair> {
  const { context, open } = fleet;
  const { sample, expected } = repair.compared;
  const { service, database, targets } = sample;
  const config = context.config.fleet.services[service];
  const [target] = targets;
  if (config === undefined || target === undefined) return repair;
  const structure = await readDatabase(context, open.addressOf(database), async (session) => {
    await refuseOtherVersion(session, scratch, database);
    return copyOf(session, target.schema);
  });
  if (typeof structure === "string")
    return { ...repair, draft: withoutRepairs(repair.draft, structure) };
  const bench = benchOf(context, scratch, service, config);
  const proof = {
    ...{ session: scratch, sharedSchemas: bench.sharedSchemas, structure },
    ...{ expected: expected.objects, found: sample.objects },
  };
  const draft = await withSharedSchemas(
    bench,
    [],
    async () => [],
    () => proveRepair(repair.draft, proof),
  );
  if (draft instanceof FleetError) throw draft;
  return { ...repair, draft, proved: true };
}

/** @returns a text if the schema cannot be copied: the reason */
async function copyOf(session: Session, schema: string): Promise<StructureDump | string> {
  try {
    return await dumpStructure(session, schema, { invalidIndexes: true });
  } catch (error) {
    if (session.lost) throw error;
    return `it cannot be proved on a copy of the tenant: ${messageOf(error)}`;
  }
}

async function refuseOtherVersion(
  session: Session,
  scratch: Session,
  database: string,
): Promise<void> {
  const [version, other] = [await majorVersion(session), await majorVersion(scratch)];
  if (version === other) return;
  throw new FleetError(
    "config",
    `database "${database}" has PostgreSQL ${version}, and the server for scratch schemas has ${other}`,
    {
      remedy: `Repairs are proved on a server of the same version: set proofDatabase to a database on a server with PostgreSQL ${version}.`,
    },
  );
}

/** A repair as people read it. */
export function describeRepair({ draft, proved }: ShapeRepair): DriftRepair {
  return {
    sql: draft.repaired.flatMap(({ statements }) => statements.map(textOf)),
    unrepaired: draft.unrepaired.map(({ difference: { kind, name }, reason }) => ({
      ...{ kind, name, reason },
    })),
    proved,
  };
}

function textOf({ sql, removes }: RepairStatement): string {
  return `${readable(sql)};${removes ? " -- requires --allow-drops" : ""}`;
}

/** A statement without the name of the schema; where it does not qualify another name, `"{tenant}"` stands for it. */
export function readable(sql: Template): string {
  const [first = "", ...rest] = sql;
  return rest.reduce(
    (text, piece) => (piece.startsWith(".") ? text + piece.slice(1) : `${text}"{tenant}"${piece}`),
    first,
  );
}
