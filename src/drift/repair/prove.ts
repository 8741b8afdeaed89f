import { readProperties, type SchemaObject } from "../../catalog/properties.ts";
import { messageOf } from "../../core/errors.ts";
import { quoteIdentifier } from "../../core/quoting.ts";
import { fill, type Template } from "../../core/template.ts";
import type { StructureDump } from "../../dump/types.ts";
import type { Session } from "../../postgres/session.ts";
import { withScratchSchema } from "../../proof/bench.ts";
import { changesBetween, type ObjectChange } from "../differences.ts";
import { withoutEnvironment } from "../environment.ts";
import { beingDetached } from "./alter-table.ts";
import type { RepairDraft, RepairedDifference, UnrepairedDifference } from "./draft.ts";
import type { RepairStatement } from "./statement.ts";

/** What a proof needs. */
export interface ProofOfRepair {
  /** A session to a database for scratch schemas. */
  readonly session: Session;
  readonly sharedSchemas: readonly string[];
  readonly expected: readonly SchemaObject[];
  readonly found: readonly SchemaObject[];
  /** The structure of a tenant that was found like this. */
  readonly structure: Pick<StructureDump, "preData" | "postData">;
}

/**
 * Proves the repairs of a draft: creates a copy of a tenant in a scratch schema, applies them, and compares the copy with what
 * is expected. Repairs that fail, or that leave a difference, are taken out. Those of roles and publications cannot be proved
 * in a scratch schema; the rollout compares every tenant before it commits.
 *
 * @returns the draft with the repairs that hold, in an order in which they can run
 */
export async function proveRepair(draft: RepairDraft, proof: ProofOfRepair): Promise<RepairDraft> {
  const { session } = proof;
  let current = draft;
  for (;;) {
    const { repaired, unrepaired } = current;
    if (repaired.length === 0) return current;
    const trial = await withScratchSchema(session, (schema) => tryOn(schema, current, proof));
    await session.query("RESET search_path");
    if (typeof trial === "string") return withoutRepairs(current, trial);
    const failed = new Map([...trial.failed, ...leftOver(current, trial.remaining)]);
    if (failed.size === 0) return { repaired: trial.order, unrepaired };
    // What fails is taken out, and the rest is proved without it.
    current = {
      repaired: repaired.filter((one) => !failed.has(one)),
      unrepaired: [
        ...unrepaired,
        ...repaired.flatMap((one) => {
          const reason = failed.get(one);
          return reason === undefined ? [] : { difference: one.difference, reason };
        }),
      ],
    };
  }
}

/** A draft of which nothing is repaired, with the reason. */
export function withoutRepairs({ repaired, unrepaired }: RepairDraft, reason: string): RepairDraft {
  const more = repaired.map(({ difference }): UnrepairedDifference => ({ difference, reason }));
  return { repaired: [], unrepaired: [...unrepaired, ...more] };
}

interface Trial {
  readonly order: readonly RepairedDifference[];
  readonly failed: ReadonlyMap<RepairedDifference, string>;
  readonly remaining: readonly ObjectChange[];
}

/** @returns a text if there is no copy to try the repairs on: the reason */
async function tryOn(
  schema: string,
  { repaired }: RepairDraft,
  { session, sharedSchemas, expected, found, structure }: ProofOfRepair,
): Promise<Trial | string> {
  const problem = await createCopy(session, schema, sharedSchemas, structure);
  if (problem !== undefined) return problem;
  const copy = withoutEnvironment((await readProperties(session, [{ schema }])).get(schema) ?? []);
  const [different] = changesBetween(comparable(found), comparable(copy));
  if (different !== undefined) {
    const { kind, name } = different.difference;
    return `a copy of the tenant in a scratch schema differs from the tenant: ${kind} ${name}`;
  }
  const { order, failed } = await applyInAnyOrder(session, schema, repaired);
  const after = withoutEnvironment((await readProperties(session, [{ schema }])).get(schema) ?? []);
  return { order, failed, remaining: changesBetween(withoutEnvironment(expected), after) };
}

/** A copy has no invalid indexes, no disabled foreign keys, and no partition that is being detached. */
function comparable(objects: readonly SchemaObject[]): SchemaObject[] {
  return withoutEnvironment(objects).map((one) => {
    const { valid: _, ready: __, "index valid": ___, triggers: ____, ...rest } = one.properties;
    const { parents } = rest;
    if (typeof parents !== "string") return { ...one, properties: rest };
    return { ...one, properties: { ...rest, parents: parents.replaceAll(beingDetached, "") } };
  });
}

async function createCopy(
  session: Session,
  schema: string,
  sharedSchemas: readonly string[],
  { preData, postData }: ProofOfRepair["structure"],
): Promise<string | undefined> {
  const quoted = quoteIdentifier(schema);
  const path = [schema, ...sharedSchemas].map(quoteIdentifier).join(", ");
  try {
    await session.script(
      [
        `CREATE SCHEMA ${quoted}`,
        `SET search_path = ${path}`,
        "SET check_function_bodies = off",
        ...[...preData, ...postData].map((one: Template) => fill(one, quoted)),
        "SET check_function_bodies = on",
      ].join(";\n"),
    );
    return undefined;
  } catch (error) {
    if (session.lost) throw error;
    return `the tenant cannot be copied to a scratch schema: ${messageOf(error)}`;
  }
}

/** Applies repairs, and those that fail again after the others, until none is left or none of them succeeds. */
async function applyInAnyOrder(
  session: Session,
  schema: string,
  repaired: readonly RepairedDifference[],
): Promise<Pick<Trial, "order" | "failed">> {
  const order: RepairedDifference[] = [];
  const failed = new Map<RepairedDifference, string>();
  let waiting = usualOrder(repaired);
  for (let before = -1; order.length > before && waiting.length > 0; ) {
    before = order.length;
    for (const one of waiting) {
      const error = await applyOne(session, schema, one.statements);
      if (error === undefined) order.push(one);
      else failed.set(one, error);
    }
    waiting = waiting.filter((one) => !order.includes(one));
  }
  for (const one of order) failed.delete(one);
  return { order, failed };
}

/**
 * What runs outside of a transaction comes first, so that the last transaction completes the repair. What removes something
 * comes last.
 */
function usualOrder(repaired: readonly RepairedDifference[]): RepairedDifference[] {
  const rankOf = ({ statements }: RepairedDifference) => {
    if (statements.some(({ concurrently }) => concurrently !== undefined)) return 0;
    return statements.some(({ removes }) => removes) ? 2 : 1;
  };
  return [...repaired].sort((one, other) => rankOf(one) - rankOf(other));
}

/** @returns the server's error; undefined if all statements succeed */
async function applyOne(
  session: Session,
  schema: string,
  statements: readonly RepairStatement[],
): Promise<string | undefined> {
  const quoted = quoteIdentifier(schema);
  const own = statements
    .filter(({ environmental }) => !environmental)
    // The copy is used by nothing else.
    .map(({ sql }) =>
      fill(sql, quoted).replace(/^((?:CREATE|DROP|REINDEX) [A-Z ]*?)CONCURRENTLY /, "$1"),
    );
  try {
    await session.script(["BEGIN", ...own, "COMMIT"].join(";\n"));
    return undefined;
  } catch (error) {
    if (session.lost) throw error;
    await session.script("ROLLBACK");
    return messageOf(error).replaceAll(`${schema}.`, "");
  }
}

/** The repairs after which their objects still differ. Any other difference that is left is of no repair: then none holds. */
function leftOver(
  { repaired, unrepaired }: RepairDraft,
  remaining: readonly ObjectChange[],
): [RepairedDifference, string][] {
  const keyOf = ({ kind, name }: { readonly kind: string; readonly name: string }) =>
    `${kind} ${name}`;
  const known = new Set(unrepaired.map(({ difference }) => keyOf(difference)));
  const left = remaining.filter(({ difference }) => !known.has(keyOf(difference)));
  return left.flatMap(({ difference }): [RepairedDifference, string][] => {
    const [{ property = "" } = {}] = difference.properties;
    const reason = `its repair leaves a difference: ${keyOf(difference)} ${property}`.trim();
    const own = repaired.filter((one) => keyOf(one.difference) === keyOf(difference));
    return (own.length > 0 ? own : repaired).map((one) => [one, reason]);
  });
}
