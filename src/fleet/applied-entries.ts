import type { LedgerEntry } from "../core/ledger.ts";
import type { Target } from "../core/target.ts";
import { readLedgers } from "../ledger/read-ledgers.ts";
import { resolveTargets } from "../tenants/targets.ts";
import type { Context } from "./context.ts";
import { databasesOf, withDatabases } from "./databases.ts";
import { readDatabase } from "./read-database.ts";
import { withRoster } from "./roster.ts";

/** The ledger entries of a service, from all its targets. */
export function appliedEntries(context: Context, service: string): Promise<LedgerEntry[]> {
  const selection = { services: [service], tenants: [], databases: [] };
  return withRoster(context, selection, (roster) =>
    entriesOf(context, resolveTargets(context.config.fleet, roster, selection)),
  );
}

function entriesOf(context: Context, targets: readonly Target[]): Promise<LedgerEntry[]> {
  const names = databasesOf(targets);
  return withDatabases(context, names, async (open) => {
    const states = await Promise.all(
      names.map((name) =>
        readDatabase(context, open.addressOf(name), (session) => {
          const own = targets.filter(({ database }) => database === name);
          const schemas = own.map(({ schema }) => schema);
          return readLedgers(session, schemas, new Map());
        }),
      ),
    );
    return states.flatMap((byTarget) =>
      [...byTarget.values()].flatMap((state) => (state.kind === "ledger" ? state.entries : [])),
    );
  });
}
