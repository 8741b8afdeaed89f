import type { Down } from "../core/down.ts";
import { type Context, migrationsFolder } from "../fleet/context.ts";
import { readHistories, type SelectedFleet, withOpen, withSelected } from "../fleet/open-fleet.ts";
import { planFleet, refuseUnusable } from "../fleet/plan-fleet.ts";
import { selectServices } from "../fleet/services.ts";
import { planTarget } from "../plan/migrate.ts";
import type { Planner } from "../plan/targets.ts";
import { readBranches } from "../source/branches.ts";
import { readDown } from "../source/downs.ts";
import { readFolder } from "../source/folder.ts";
import { openEnds } from "../source/folder-branches.ts";
import { readJournal } from "../source/journal.ts";
import { rosterOf } from "../tenants/roster.ts";
import { resolveTargets, type Selection } from "../tenants/targets.ts";

/** One migration of a service's history. */
interface HistoryEntry {
  readonly service: string;
  readonly tag: string;
  /** When it was generated. */
  readonly madeAt: Date;
  /** Whether there is a way back: `lossy` brings not everything back. */
  readonly down: "yes" | "lossy" | "irreversible" | "empty" | "missing";
  /** How many targets have it as their newest one; undefined when no database was asked. */
  readonly targets: number | undefined;
}

/** The histories of some services, oldest migration first. */
export interface Histories {
  readonly entries: readonly HistoryEntry[];
  /** Targets that have no migration yet, by service; empty when no database was asked. */
  readonly atBase: Readonly<Record<string, number>>;
}

/**
 * Lists every migration of the selected services, and how many targets have it as their newest one.
 *
 * @param offline true: asks no database
 * @throws FleetError for the selection, the configuration, the migrations on disk, or when a database cannot be used
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
  counts: ReadonlyMap<string, number> | undefined,
): Promise<Histories> {
  const entries: HistoryEntry[] = [];
  for (const [service, { migrations }] of histories) {
    const folder = await readFolder(migrationsFolder(context, service));
    const madeAt = new Map(folder?.migrations.map(({ tag, when }) => [tag, new Date(when)]));
    for (const migration of migrations) {
      const { tag } = migration;
      entries.push({
        service,
        tag,
        madeAt: madeAt.get(tag) ?? new Date(0),
        down: wayBack(await readDown(migration)),
        targets: counts && (counts.get(key(service, tag)) ?? 0),
      });
    }
  }
  const atBase = [...histories.keys()].flatMap((service) => {
    const count = counts?.get(key(service, undefined));
    return count === undefined ? [] : [[service, count] as const];
  });
  return { entries, atBase: Object.fromEntries(atBase) };
}

function wayBack(down: Down | undefined): HistoryEntry["down"] {
  if (down === undefined) return "missing";
  if (down.irreversible !== undefined) return "irreversible";
  if (down.dataLoss.length > 0) return "lossy";
  return down.empty && down.nothing === undefined ? "empty" : "yes";
}

function countTargets(selected: SelectedFleet): Promise<Map<string, number>> {
  const planOne: Planner = (target, known, state) =>
    planTarget(target, known, state, { allowOutOfOrder: true });
  return withOpen(selected, async (open) => {
    const fleet = await planFleet(open, planOne, { purpose: "look" });
    refuseUnusable(fleet);
    const counts = new Map<string, number>();
    for (const { target, current } of fleet.plans) {
      const place = key(target.service, current);
      counts.set(place, (counts.get(place) ?? 0) + 1);
    }
    return counts;
  });
}

function key(service: string, tag: string | undefined): string {
  return JSON.stringify([service, tag ?? null]);
}

/** The newest migration of a service; two when branches are not merged yet. */
export interface Heads {
  readonly service: string;
  readonly heads: readonly string[];
}

/** The newest migrations of the named services, read from the files alone. */
export async function heads(context: Context, names: readonly string[]): Promise<Heads[]> {
  return Promise.all(
    selectServices(context.config.fleet, names).map(async ([service]) => ({
      service,
      heads: await headsOf(migrationsFolder(context, service)),
    })),
  );
}

/**
 * The newest migrations of a migrations folder when branches are open. A journal in which every number stands once is taken
 * for one line, so that not every snapshot is read.
 *
 * @param path absolute path
 * @throws FleetError `journal` for a journal with conflict markers, or with the lines of two branches
 */
export async function openHeads(path: string): Promise<string[]> {
  const numbers = (await readJournal(path))?.entries.map(({ idx }) => idx);
  return numbers !== undefined && new Set(numbers).size === numbers.length ? [] : headsOf(path);
}

/**
 * The newest migrations of a migrations folder: two or more when branches are open.
 *
 * @param path absolute path
 */
async function headsOf(path: string): Promise<string[]> {
  const branches = await readBranches(path);
  if (branches !== undefined)
    return [branches.ours, branches.theirs].flatMap((branch) => branch.at(-1)?.files.tag ?? []);
  const folder = await readFolder(path);
  const open = folder?.layout === "folders" ? await openEnds(folder) : [];
  return open.length > 1 ? open : (folder?.migrations.slice(-1).map(({ tag }) => tag) ?? []);
}
