import { readOutcomes, readRollouts } from "../control/rollouts.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import type { OutcomeRecord, RolloutRecord } from "../core/rollout.ts";
import type { Context } from "../fleet/context.ts";
import { withDatabases } from "../fleet/databases.ts";
import { readDatabase, unusableError } from "../fleet/read-database.ts";
import { unknownNames } from "../tenants/targets.ts";

/** A rollout over all databases that it touched. */
export interface Rollout extends Omit<RolloutRecord, "database"> {
  readonly databases: readonly string[];
  /** Databases that it had something to do in, and that keep nothing of it. */
  readonly unkept: readonly string[];
  /** How many outcomes there are of each status. */
  readonly counts: Readonly<Record<string, number>>;
}

/** A rollout with every outcome that was kept of it. */
export interface RolloutDetail extends Rollout {
  readonly outcomes: readonly (OutcomeRecord & { readonly database: string })[];
}

/** Hears of a database that cannot be used: what it keeps is missing from the result. */
export type OnUnusable = (error: FleetError) => void;

function refuse(error: FleetError): void {
  throw error;
}

/**
 * The newest rollouts of the named databases (none: all), newest first.
 *
 * @param onUnusable without it, a database that cannot be used is an error
 * @throws FleetError `unreachable` or `config` when no database can be used
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
 * One rollout with its outcomes.
 *
 * @param prefix its id, or as much of it as is unique
 * @throws FleetError `usage` when there is none, or more than one
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
        remedy: "See the recorded rollouts: npx drizzle-fleet rollouts",
      });
    }
    if (others.length > 0) {
      const ids = [rollout, ...others].map(({ id }) => id).join(", ");
      throw new FleetError("usage", `several rollouts begin with ${prefix}`, {
        remedy: `Choose one: ${ids}.`,
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

/** What each database keeps, put together by id. */
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
  // A database that cannot be asked may well keep the rollout.
  const asked = names.filter((name) => !unusable.has(name));
  const byId = new Map<string, Rollout>();
  for (const { database, concerned, ...rest } of found.flat()) {
    const unkept = concerned.filter((one) => one !== database && asked.includes(one));
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
    // It has ended when it has ended everywhere.
    ...(first === undefined || second === undefined
      ? {}
      : { endedAt: first > second ? first : second }),
  };
}
