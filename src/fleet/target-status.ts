import { type LastVerdict, readLastVerdicts } from "../control/verdicts.ts";
import type { LedgerEntry } from "../core/ledger.ts";
import type { LastComparison, TargetStatus } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { digestOf } from "../ledger/digest.ts";
import { headFor } from "../plan/contracts.ts";
import { planTarget } from "../plan/migrate.ts";
import type { Planner } from "../plan/targets.ts";
import type { Selection } from "../tenants/targets.ts";
import type { Context } from "./context.ts";
import { type OpenFleet, withFleet } from "./open-fleet.ts";
import { planFleet, readerOf } from "./plan-fleet.ts";
import type { ReadIn } from "./read-database.ts";

/**
 * Reads the state of every selected target.
 *
 * @throws FleetError if the selection is invalid, or no database can be used
 */
export function readStatus(context: Context, selection: Selection): Promise<TargetStatus[]> {
  return withFleet(context, selection, (fleet) => statusOf(fleet, readerOf(fleet)));
}

/** Like `readStatus`, with what `drift` found when it last compared the targets. */
export function readStatusAndDrift(
  context: Context,
  selection: Selection,
): Promise<TargetStatus[]> {
  return withFleet(context, selection, async (fleet) => {
    const comparisons = new Comparisons(fleet);
    const statuses = await statusOf(fleet, comparisons.readIn, comparisons.note);
    return statuses.map((one) => ({ ...one, ...comparisons.of(one.target) }));
  });
}

/** @param note receives the entries of each ledger */
async function statusOf(
  fleet: OpenFleet,
  readIn: ReadIn,
  note?: (target: Target, entries: readonly LedgerEntry[]) => void,
): Promise<TargetStatus[]> {
  const { allowOutOfOrder } = fleet.context.config.fleet;
  const planOne: Planner = (target, history, state, facts) => {
    if (state.kind === "ledger") note?.(target, state.entries);
    return planTarget(target, history, state, { allowOutOfOrder, facts });
  };
  const options = { purpose: "look", readIn, contractTimes: true } as const;
  const { plans } = await planFleet(fleet, planOne, options);
  return plans.map((plan) => {
    const history = fleet.histories.get(plan.target.service);
    return { ...plan, head: history && headFor(history, plan.held) };
  });
}

/** The last verdicts of `drift`, read together with the ledgers. */
class Comparisons {
  readonly #fleet: OpenFleet;
  readonly #verdicts = new Map<string, ReadonlyMap<string, LastVerdict>>();
  readonly #ledgers = new Map<Target, readonly LedgerEntry[]>();
  /** Ledgers in the same state share their entries. */
  readonly #digests = new Map<readonly LedgerEntry[], string>();

  constructor(fleet: OpenFleet) {
    this.#fleet = fleet;
  }

  readonly note = (target: Target, entries: readonly LedgerEntry[]): void => {
    this.#ledgers.set(target, entries);
  };

  /** Reads the verdicts after the ledgers, on the same session. */
  readonly readIn: ReadIn = (name, read) =>
    readerOf(this.#fleet)(name, async (session) => {
      const result = await read(session);
      const schemas = this.#fleet.targets.flatMap(({ database, schema }) =>
        database === name ? schema : [],
      );
      this.#verdicts.set(name, await readLastVerdicts(session, schemas));
      return result;
    });

  of(target: Target): { readonly drift?: LastComparison } {
    const verdict = this.#verdicts.get(target.database)?.get(target.schema);
    const entries = this.#ledgers.get(target);
    // Without a readable ledger, what was found then says nothing.
    if (verdict === undefined || entries === undefined) return {};
    const { drifted, checkedAt, ledger } = verdict;
    return { drift: { drifted, checkedAt, outdated: ledger !== this.#digestOf(entries) } };
  }

  #digestOf(entries: readonly LedgerEntry[]): string {
    const digest = this.#digests.get(entries) ?? digestOf(entries);
    this.#digests.set(entries, digest);
    return digest;
  }
}
