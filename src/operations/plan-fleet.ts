import type { LedgerState } from "../core/ledger.ts";
import type { Plan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { readLedgers } from "../ledger/read-ledgers.ts";
import { buildPlan, type History, historyOf } from "../plan/build.ts";
import { withSession } from "../postgres/session.ts";
import { readMigrations } from "../source/read-migrations.ts";
import {
  type Context,
  migrationsFolder,
  type OpenDatabases,
  refuseSharedSchemas,
} from "./context.ts";

/** The histories of all services that the targets belong to. */
export async function readHistories(
  context: Context,
  targets: readonly Target[],
): Promise<Map<string, History>> {
  const services = [...new Set(targets.map(({ service }) => service))];
  const histories = await Promise.all(
    services.map(
      async (service) =>
        [
          service,
          historyOf(await readMigrations(service, migrationsFolder(context, service))),
        ] as const,
    ),
  );
  return new Map(histories);
}

/** Reads every target's ledger, database by database at the same time, and plans. */
export async function planFleet(
  context: Context,
  targets: readonly Target[],
  histories: ReadonlyMap<string, History>,
  databases: OpenDatabases,
): Promise<Plan> {
  refuseSharedSchemas(targets, databases.addressOf);
  const known = new Map([...histories.values()].flatMap((history) => [...history.known]));
  const names = [...new Set(targets.map(({ database }) => database))];
  const connect = { waitMs: context.config.fleet.connectTimeout, signal: context.signal };
  const read = async (database: string): Promise<readonly [string, Map<string, LedgerState>]> => {
    const schemas = targets
      .filter((target) => target.database === database)
      .map(({ schema }) => schema);
    const states = await withSession(databases.addressOf(database), connect, (session) =>
      readLedgers(session, schemas, known),
    );
    return [database, states];
  };
  const states = new Map(await Promise.all(names.map(read)));
  return buildPlan(
    targets,
    histories,
    ({ database, schema }) => states.get(database)?.get(schema) ?? { kind: "noSchema" },
  );
}
