import type { Down } from "../core/down.ts";
import { type Context, migrationsFolder } from "../fleet/context.ts";
import { readHistories, type SelectedFleet, withOpen, withSelected } from "../fleet/open-fleet.ts";
import { planFleet, refuseUnusable } from "../fleet/plan-fleet.ts";
import { planTarget } from "../plan/migrate.ts";
import type { Planner } from "../plan/targets.ts";
import { readDown } from "../source/downs.ts";
import { readFolder } from "../source/folder.ts";
import { rosterOf } from "../tenants/roster.ts";
import { resolveTargets, type Selection } from "../tenants/targets.ts";

/** One migration of a service's history. */
interface HistoryEntry {
  readonly service: string;
  readonly tag: string;
  /** The path of its SQL, relative to the current folder. */
  readonly file: string;
  /** When it was generated. */
  readonly madeAt: Date;
  /** Whether it can be reverted; `lossy` if some data is not restored. */
  readonly down: "yes" | "lossy" | "irreversible" | "empty" | "missing";
  /** The number of targets whose newest migration it is; undefined if no database was read. */
  readonly targets: number | undefined;
  /** Only for a contract. */
  readonly contract?: {
    /** The migration after which the waiting begins, and how long it lasts, in milliseconds. */
    readonly after: string;
    readonly waitMs: number;
    /** The number of targets in which it is held back; undefined if no database was read. */
    readonly held: number | undefined;
  };
}

/** The histories of some services, oldest migration first. */
export interface Histories {
  readonly entries: readonly HistoryEntry[];
  /** The number of targets without a migration, by service; empty if no database was read. */
  readonly atBase: Readonly<Record<string, number>>;
}

/**
 * Lists every migration of the selected services, and how many targets have it as their newest one.
 *
 * @param offline true: reads no database
 * @throws FleetError `usage` for an invalid selection; `journal` for damaged files of a migrations folder; `unreachable`
 *   or `config` if a database cannot be used
 * @example
 * const { entries } = await history(context, { services: ["auth"], tenants: [], databases: [] }, true);
 */
export async function history(
  context: Context,
  selection: Selection,
  offline: boolean,
): Promise<Histories> {
  if (!offline)
    return withSelected(context, selection, async (selected) =>
      historiesOf(selected, await countTargets(selected)),
    );
  if (Array.isArray(context.config.fleet.tenants))
    return withSelected(context, selection, (selected) => historiesOf(selected, undefined));
  // The tenants are not read. The histories belong to the services, so one tenant stands for all.
  const roster = rosterOf([{ id: "tenant", attributes: {} }]);
  const targets = resolveTargets(context.config.fleet, roster, { ...selection, tenants: [] });
  const histories = await readHistories(context, targets);
  return historiesOf({ context, roster, targets, histories }, undefined);
}

async function historiesOf(
  { context, histories }: SelectedFleet,
  counts: Counts | undefined,
): Promise<Histories> {
  const entries: HistoryEntry[] = [];
  for (const [service, { migrations }] of histories) {
    const folder = await readFolder(migrationsFolder(context, service));
    const madeAt = new Map(folder?.migrations.map(({ tag, when }) => [tag, new Date(when)]));
    for (const migration of migrations) {
      const { tag, file, contract } = migration;
      entries.push({
        service,
        tag,
        file,
        madeAt: madeAt.get(tag) ?? new Date(0),
        down: downOf(await readDown(migration)),
        targets: counts && (counts.at.get(key(service, tag)) ?? 0),
        ...(contract && {
          contract: {
            ...{ after: contract.after, waitMs: contract.waitMs },
            held: counts && (counts.held.get(key(service, tag)) ?? 0),
          },
        }),
      });
    }
  }
  const atBase = [...histories.keys()].flatMap((service) => {
    const count = counts?.at.get(key(service, undefined));
    return count === undefined ? [] : [[service, count] as const];
  });
  return { entries, atBase: Object.fromEntries(atBase) };
}

function downOf(down: Down | undefined): HistoryEntry["down"] {
  if (down === undefined) return "missing";
  if (down.irreversible !== undefined) return "irreversible";
  if (down.dataLoss.length > 0) return "lossy";
  return down.empty && down.nothing === undefined ? "empty" : "yes";
}

/** Numbers of targets by service and tag. */
interface Counts {
  /** Those whose newest migration it is. */
  readonly at: ReadonlyMap<string, number>;
  /** Those in which it is held back. */
  readonly held: ReadonlyMap<string, number>;
}

function countTargets(selected: SelectedFleet): Promise<Counts> {
  const planOne: Planner = (target, known, state, facts) =>
    planTarget(target, known, state, { allowOutOfOrder: true, facts });
  return withOpen(selected, async (open) => {
    const fleet = await planFleet(open, planOne, { purpose: "look" });
    refuseUnusable(fleet);
    const [at, held] = [new Map<string, number>(), new Map<string, number>()];
    const add = (counts: Map<string, number>, service: string, tag: string | undefined) =>
      counts.set(key(service, tag), (counts.get(key(service, tag)) ?? 0) + 1);
    for (const plan of fleet.plans) {
      const { service } = plan.target;
      add(at, service, plan.current);
      for (const { tag } of plan.held ?? []) add(held, service, tag);
    }
    return { at, held };
  });
}

function key(service: string, tag: string | undefined): string {
  return JSON.stringify([service, tag ?? null]);
}
