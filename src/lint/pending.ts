import type { Migration } from "../core/migration.ts";
import type { Context } from "../fleet/context.ts";
import { databasesOf } from "../fleet/databases.ts";
import { withFleet } from "../fleet/open-fleet.ts";
import { planFleet, readerOf, refuseUnusable } from "../fleet/plan-fleet.ts";
import { sharedSchemasOf } from "../fleet/services.ts";
import { isComplete, matchEntries } from "../plan/history.ts";
import { planTarget } from "../plan/migrate.ts";
import type { Planner } from "../plan/targets.ts";
import type { Histories, SelectedMigrations } from "./select.ts";
import { largest, readSizes, type TableSizes } from "./sizes.ts";

/** What tenants miss, and how large their tables are. */
export interface Pending extends SelectedMigrations {
  readonly histories: Histories;
  readonly sizes: TableSizes;
}

/**
 * Selects the migrations that a tenant misses, and reads the sizes of all tables. A tenant without an applied migration does not
 * count: it has no rows and no users yet.
 *
 * @throws FleetError as `status`, and if a database cannot be used
 */
export function selectPending(context: Context, services: readonly string[]): Promise<Pending> {
  const selection = { services, tenants: [], databases: [] };
  return withFleet(context, selection, async (fleet) => {
    const missing = new Map(
      [...fleet.histories.keys()].map((name) => [name, new Set<Migration>()]),
    );
    const planOne: Planner = (target, history, state) => {
      if (state.kind === "ledger" && state.entries.length > 0) {
        const { byTag } = matchEntries(history, state.entries);
        for (const migration of history.migrations)
          if (!isComplete(byTag.get(migration.tag))) missing.get(target.service)?.add(migration);
      }
      return planTarget(target, history, state, { allowOutOfOrder: true });
    };
    refuseUnusable(await planFleet(fleet, planOne, { purpose: "look" }));
    const readIn = readerOf(fleet);
    const sizes = await Promise.all(
      databasesOf(fleet.targets).map((name) =>
        readIn(name, (session) => {
          const own = fleet.targets.filter(({ database }) => database === name);
          return readSizes(session, own, (service) => {
            const config = context.config.fleet.services[service];
            return config === undefined ? [] : sharedSchemasOf(config);
          });
        }),
      ),
    );
    const histories = [...fleet.histories].map(
      ([service, { migrations }]) => [service, migrations] as const,
    );
    return {
      ...{ selection: { kind: "pending" }, migrations: missing },
      ...{ histories: new Map(histories), sizes: largest(sizes) },
    };
  });
}
