import { readOutcomes, readRollouts } from "../control/rollouts.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import type { OutcomeRecord, RolloutRecord } from "../core/rollout.ts";
import type { Context } from "../fleet/context.ts";
import { withDatabases } from "../fleet/databases.ts";
import { readDatabase, unusableError } from "../fleet/read-database.ts";
import { unknownNames } from "../tenants/targets.ts";

/** A rollout, with its records from all databases combined. */
export interface Rollout extends Omit<RolloutRecord, "database"> {
  /** The databases that have a record of it. */
  readonly databases: readonly string[];
  /** The databases in which it had something to do and that have no record of it. */
  readonly unkept: readonly string[];
  /** The number of outcomes by status. */
  readonly counts: Readonly<Record<string, number>>;
}

/** A rollout with all its recorded outcomes. */
export interface RolloutDetail extends Rollout {
  readonly outcomes: readonly (OutcomeRecord & { readonly database: string })[];
}

/** Called with the error of a database that cannot be used. Its records are missing from the result. */
export type OnUnusable = (error: FleetError) => void;

function refuse(error: FleetError): void {
  throw error;
}

/**
 * Lists the rollouts recorded in databases, newest first.
 *
 * @param databases names in the configuration; empty for all
 * @param limit the most rollouts to return
 * @param onUnusable by default, a database that cannot be used is an error
 * @throws FleetError `usage` for an unknown database; `unreachable` or `config` if no database can be used
 */
export async function listRollouts(
  context: Context,
  databases: readonly string[],
  limit: number,
  onUnusable: OnUnusable = refuse,
): Promise<Rollout[]> {
  const names = databasesOf(context, databases);
  return withDatabases(context, names, (open) =>
    read(context, open.addressOf, names, { prefix: "", limit, onUnusable }),
  );
}

/**
 * Reads one rollout with its outcomes.
 *
 * @param databases names in the configuration; empty for all
 * @param prefix its id, or a unique beginning of it
 * @param onUnusable by default, a database that cannot be used is an error
 * @throws FleetError `usage` for an unknown database, or if no rollout or several rollouts have this prefix;
 *   `unreachable` or `config` if no database can be used
 */
export async function showRollout(
  context: Context,
  databases: readonly string[],
  prefix: string,
  onUnusable: OnUnusable = refuse,
): Promise<RolloutDetail> {
  const names = databasesOf(context, databases);
  return withDatabases(context, names, async (open) => {
    const [rollout, ...others] = await read(context, open.addressOf, names, {
      ...{ prefix, limit: 5, onUnusable },
    });
    if (rollout === undefined) {
      throw new FleetError("usage", `rollout ${prefix} is not recorded`, {
        remedy: "To see the recorded rollouts, run: npx drizzle-fleet rollouts",
      });
    }
    if (others.length > 0) {
      const ids = [rollout, ...others].map(({ id }) => id).join(", ");
      throw new FleetError("usage", `several rollout ids start with ${prefix}`, {
        remedy: `Choose one: ${ids}`,
      });
    }
    const outcomes = await Promise.all(
      rollout.databases.map((name) =>
        readDatabase(context, open.addressOf(name), async (session) =>
          (await readOutcomes(session, name, rollout.id)).map((outcome) => ({
            database: name,
            ...outcome,
          })),
        ),
      ),
    );
    return { ...rollout, outcomes: outcomes.flat() };
  });
}

function databasesOf({ config }: Context, wanted: readonly string[]): string[] {
  const all = Object.keys(config.fleet.databases);
  const [problem] = unknownNames("database", wanted, all);
  if (problem !== undefined) throw problem;
  return wanted.length === 0 ? all : [...wanted];
}

interface Wanted {
  readonly prefix: string;
  readonly limit: number;
  readonly onUnusable: OnUnusable;
}

/** Reads the records of each database and combines those of the same rollout. */
async function read(
  context: Context,
  addressOf: (name: string) => Parameters<typeof readDatabase>[1],
  names: readonly string[],
  { prefix, limit, onUnusable }: Wanted,
): Promise<Rollout[]> {
  const unusable = new Map<string, FleetError>();
  const found = await Promise.all(
    names.map((name) =>
      readDatabase(context, addressOf(name), (session) =>
        readRollouts(session, name, { prefix, limit }),
      ).catch((error: unknown) => {
        unusable.set(name, unusableError(error));
        return [];
      }),
    ),
  );
  if (unusable.size === names.length)
    throwProblems([...unusable.values()], "no database can be used");
  for (const error of unusable.values()) onUnusable(error);
  // A database that cannot be used may have a record, so it is not listed as one that has none.
  const usable = names.filter((name) => !unusable.has(name));
  const byId = new Map<string, Rollout>();
  for (const { database, concerned, ...rest } of found.flat()) {
    const unkept = concerned.filter((one) => one !== database && usable.includes(one));
    const rollout: Rollout = { ...rest, databases: [database], unkept };
    const other = byId.get(rollout.id);
    byId.set(rollout.id, other === undefined ? rollout : merged(other, rollout));
  }
  return [...byId.values()]
    .sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime())
    .slice(0, limit);
}

function merged(one: Rollout, other: Rollout): Rollout {
  const statuses = new Set([...Object.keys(one.counts), ...Object.keys(other.counts)]);
  const { endedAt: first, ...rest } = one;
  const second = other.endedAt;
  return {
    ...rest,
    databases: [...one.databases, ...other.databases],
    unkept: one.unkept.filter((name) => other.unkept.includes(name)),
    targets: one.targets + other.targets,
    counts: Object.fromEntries(
      [...statuses].map((status) => [
        status,
        (one.counts[status] ?? 0) + (other.counts[status] ?? 0),
      ]),
    ),
    // A rollout has ended when it has ended in all its databases.
    ...(first === undefined || second === undefined
      ? {}
      : { endedAt: first > second ? first : second }),
  };
}
