import type { OnboardingObserver } from "../core/onboarding.ts";
import type { Target } from "../core/target.ts";
import type { TenantRecord } from "../core/tenant.ts";
import { copyStatements } from "../dump/copy.ts";
import { readStructure } from "../dump/structure.ts";
import { ledgerOf } from "../ledger/table.ts";
import type { Context } from "./context.ts";
import { holdSource, makeCopy, makeSchema } from "./copying.ts";
import { registered } from "./onboarding.ts";
import { refuseInterrupted } from "./saga.ts";
import { refuseHalf } from "./tenant-sources.ts";
import { holdBoth, pairsOf, type TenantHold } from "./tenant-work.ts";

/** Which tenant is to be made from which. */
export interface CloneRequest {
  readonly tenant: string;
  /** The id of the new one. */
  readonly to: string;
  /** False: its tables are empty. */
  readonly withData?: boolean;
  /** What the new one has of its own; the rest is as the other has it. */
  readonly attributes?: TenantRecord["attributes"];
}

/**
 * Makes a tenant like another one, in the same databases, with its ledger: it either happens, or leaves nothing behind.
 * What each service keeps is copied as it is at one moment; grants that others have than the application are not.
 *
 * @throws FleetError `tenant` for one that cannot be copied or is there already; what a step throws, with everything
 *   undone
 */
export function cloneTenant(
  context: Context,
  { tenant, to, withData = true, attributes = {} }: CloneRequest,
  observe: OnboardingObserver = () => undefined,
): Promise<void> {
  return holdBoth(context, tenant, to, async (hold) => {
    const source = await registered({ ...hold, id: tenant });
    refuseHalf(source);
    const { database } = source;
    const copy = async () => {
      for (const [from, target] of await pairsOf(hold, tenant, to, database)) {
        refuseInterrupted(context);
        await holdSource(hold, from, () => copySchema(hold, from, target, withData));
      }
    };
    const all = { ...source.attributes, ...attributes };
    await makeCopy(
      hold,
      { tenant: to, attributes: all, ...(database === null ? {} : { database }) },
      copy,
      observe,
    );
  });
}

async function copySchema(
  hold: TenantHold,
  from: Target,
  to: Target,
  withData: boolean,
): Promise<void> {
  await makeSchema(hold, to, async (session, make) => {
    const structure = await readStructure(session, from.schema);
    await make(structure.preData);
    if (withData)
      await session.script(copyStatements(from.schema, to.schema, structure).join(";\n"));
    await make(structure.postData);
    await session.query(
      `INSERT INTO ${ledgerOf(to.schema)} SELECT * FROM ${ledgerOf(from.schema)}`,
    );
    return structure;
  });
}
