import type { Target } from "../core/target.ts";
import { type History, historyOf } from "../plan/history.ts";
import { readMigrations } from "../source/read-migrations.ts";
import type { Roster } from "../tenants/roster.ts";
import { resolveTargets, type Selection } from "../tenants/targets.ts";
import { type Context, migrationsFolder } from "./context.ts";
import { databasesOf, type OpenDatabases, withDatabases } from "./databases.ts";
import { withRoster } from "./roster.ts";

/** The selected part of a fleet, known from files and from the source of its tenants. */
export interface SelectedFleet {
  readonly context: Context;
  readonly roster: Roster;
  readonly targets: readonly Target[];
  /** The migrations of every service that a target belongs to. */
  readonly histories: ReadonlyMap<string, History>;
}

/** A selected fleet and its databases. */
export interface OpenFleet extends SelectedFleet {
  readonly open: OpenDatabases;
}

/**
 * Opens the selected part of a fleet: reads the tenants and the migrations, and opens the databases of the targets.
 *
 * @throws FleetError for the selection, the configuration, the tenants' source or the migrations on disk
 */
export function withFleet<Result>(
  context: Context,
  selection: Selection,
  use: (fleet: OpenFleet) => Promise<Result>,
): Promise<Result> {
  return withSelected(context, selection, (selected) => withOpen(selected, use));
}

/** The first half of `withFleet`: everything that can be checked before the databases of the targets are opened. */
export function withSelected<Result>(
  context: Context,
  selection: Selection,
  use: (fleet: SelectedFleet) => Promise<Result>,
): Promise<Result> {
  return withRoster(context, selection, async (roster) => {
    const targets = resolveTargets(context.config.fleet, roster, selection);
    return use({ context, roster, targets, histories: await readHistories(context, targets) });
  });
}

/** The second half of `withFleet`. */
export function withOpen<Result>(
  selected: SelectedFleet,
  use: (fleet: OpenFleet) => Promise<Result>,
): Promise<Result> {
  const { context, targets } = selected;
  return withDatabases(context, databasesOf(targets), (open) => use({ ...selected, open }));
}

/** The histories of all services that the targets belong to. */
export async function readHistories(
  context: Context,
  targets: readonly Target[],
): Promise<Map<string, History>> {
  const services = [...new Set(targets.map(({ service }) => service))];
  const histories = await Promise.all(
    services.map(async (service) => {
      const migrations = await readMigrations(service, migrationsFolder(context, service));
      return [service, historyOf(migrations)] as const;
    }),
  );
  return new Map(histories);
}
