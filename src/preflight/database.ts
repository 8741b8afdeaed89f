import { ledgerName } from "../core/ledger.ts";
import type { PreflightObstacle } from "../core/preflight.ts";
import type { DatabaseState } from "../fleet/plan-fleet.ts";
import { findInsufficientSchemas } from "../postgres/server.ts";
import type { Session } from "../postgres/session.ts";
import { type Dependents, findOutsideDependents } from "./dependents.ts";
import { lockedTables } from "./effects.ts";
import type { TargetGroup } from "./groups.ts";
import { findLockHolders } from "./holders.ts";
import { findWrongNames, type WrongName } from "./names.ts";
import { readSizes, type Sizes } from "./sizes.ts";

/** What the catalogs of a database say about its targets. */
export interface DatabaseFacts {
  readonly sizes: Sizes;
  readonly names: readonly (WrongName & { readonly group: TargetGroup })[];
  readonly dependents: readonly (Dependents & { readonly group: TargetGroup })[];
  readonly holders: readonly PreflightObstacle[];
  /** With the privileges that the role lacks. */
  readonly state: DatabaseState;
}

/** Reads the catalogs of a database: a few queries for all of its targets. */
export async function readDatabaseFacts(
  session: Session,
  state: DatabaseState,
  groups: readonly TargetGroup[],
  lockMs: number,
): Promise<DatabaseFacts> {
  const schemasOf = ({ plans }: TargetGroup) =>
    plans.flatMap(({ target, create }) =>
      target.database === state.name && create !== "schemaAndLedger" ? target.schema : [],
    );
  const all = groups.flatMap(schemasOf);
  const names: (WrongName & { group: TargetGroup })[] = [];
  const dependents: (Dependents & { group: TargetGroup })[] = [];
  const locked = lockedTables(groups.flatMap(({ statements }) => statements));
  const shared = [...locked.values()].flatMap(({ table }) => table.schema ?? []);
  for (const group of groups) {
    const schemas = schemasOf(group);
    const wrong = await findWrongNames(session, schemas, group.sharedSchemas, group.names);
    names.push(...wrong.map((one) => ({ ...one, group })));
    const outside = await findOutsideDependents(session, schemas, group.dependencies);
    dependents.push(...outside.map((one) => ({ ...one, group })));
  }
  const tables = [...locked.values()].map(({ table }) => table.name);
  return {
    ...{ names, dependents },
    sizes: await readSizes(session, [...all, ...new Set(shared)], tables),
    holders: await findLockHolders(session, state.name, all, locked, lockMs),
    state: { ...state, insufficient: await findInsufficientSchemas(session, all, ledgerName) },
  };
}
