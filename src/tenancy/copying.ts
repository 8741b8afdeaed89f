import { FleetError } from "../core/errors.ts";
import type { OnboardingObserver } from "../core/onboarding.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import { fill, type Template } from "../core/template.ts";
import { unlike } from "../dump/same-structure.ts";
import { withoutSameViews } from "../dump/same-view.ts";
import { readStructure } from "../dump/structure.ts";
import type { DumpedSequence, StructureDump } from "../dump/types.ts";
import { readLedgers } from "../ledger/read-ledgers.ts";
import { lockKey, tryLock } from "../postgres/lock.ts";
import { type Session, withSession } from "../postgres/session.ts";
import { noLedger } from "../rollout/guard.ts";
import { directUrlError } from "./errors.ts";
import {
  activate,
  existingTenantError,
  grantAccess,
  knownDatabase,
  type NewTenant,
  refuseExistingSchemas,
} from "./onboarding.ts";
import { dropTenant } from "./removal.ts";
import { runSteps } from "./saga.ts";
import { inTenantTransaction, type LockedTenant, targetsFor } from "./tenant-lock.ts";

/**
 * Makes a tenant from something that is there already: it either happens, or leaves nothing behind. One that was killed
 * in the middle begins anew, because it cannot be known what the first half came from.
 *
 * @param copy makes the schemas, with all that is in them
 */
export async function makeCopy(
  hold: LockedTenant,
  request: NewTenant,
  copy: () => Promise<void>,
  observe: OnboardingObserver,
): Promise<void> {
  await beyondTimeouts(hold.registry);
  await runSteps(
    hold,
    [
      { name: "register", run: () => register(hold, request) },
      { name: "copy", run: copy },
      { name: "grant", run: () => grantAccess(hold) },
      { name: "activate", run: () => activate(hold, "copying") },
    ],
    observe,
  );
}

async function register(
  hold: LockedTenant,
  { attributes = {}, database }: NewTenant,
): Promise<void> {
  const { findTenant, registerTenant } = await import("../control/registry.ts");
  const { id, registry } = hold;
  const found = await findTenant(registry, id);
  if (found?.status === "copying") await dropTenant(hold);
  else if (found !== undefined) throw existingTenantError(found);
  const home = knownDatabase(hold.context, database);
  await refuseExistingSchemas(hold, await targetsFor(hold, home));
  await registerTenant(registry, { id, status: "copying", database: home, attributes });
}

/** A tenant schema that is copied, and the session that holds its target's lock. */
export interface Source {
  readonly target: Target;
  readonly session: Session;
}

/**
 * Keeps rollouts away from tenant schemas for the time of `use`, by the targets' locks.
 *
 * @param use gets the schemas that are there
 * @throws FleetError `tenant` when a rollout is at work, or when a schema has no ledger
 */
export async function holdSources<Result>(
  hold: LockedTenant,
  targets: readonly Target[],
  use: (sources: readonly Source[]) => Promise<Result>,
): Promise<Result> {
  const [target, ...rest] = targets;
  if (target === undefined) return use([]);
  const { context, open } = hold;
  const { database, schema } = target;
  const connect = { waitMs: context.config.fleet.connectTimeout, signal: context.signal };
  return withSession(open.addressOf(database), connect, async (session) => {
    if (session.pooled) throw directUrlError(database);
    await beyondTimeouts(session);
    if (!(await tryLock(session, lockKey(schema)))) throw busySchema(schema);
    const state = (await readLedgers(session, [schema], new Map())).get(schema);
    const there = state?.kind !== "noSchema";
    if (there && state?.kind !== "ledger") throw withoutLedger(schema);
    const own = there ? [{ target, session }] : [];
    return cancellable(context, session, () =>
      holdSources(hold, rest, (others) => use([...own, ...others])),
    );
  });
}

/** Sessions that hold a lock are idle for as long as others copy. */
export async function beyondTimeouts(session: Session): Promise<void> {
  await session.query(
    `SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name IN
     ('statement_timeout', 'transaction_timeout', 'idle_session_timeout', 'idle_in_transaction_session_timeout')`,
  );
}

export type LockMode = "ACCESS SHARE" | "SHARE" | "ACCESS EXCLUSIVE";

/**
 * Statements that lock a schema's tables, to be the first of a transaction: a snapshot alone would see a table empty that
 * somebody empties or rewrites later. LOCK TABLE itself takes no snapshot (PostgreSQL, "LOCK").
 *
 * @param mode `ACCESS SHARE` lets others write, `SHARE` lets them read, and `ACCESS EXCLUSIVE` keeps them out
 */
export async function tableLocks(
  { context }: LockedTenant,
  { session, target: { schema } }: Source,
  mode: LockMode,
): Promise<string[]> {
  const tables = await session.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') ORDER BY c.oid`,
    [schema],
  );
  const names = tables.map(({ name }) => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`);
  return [
    `SET LOCAL lock_timeout = ${context.config.fleet.timeouts.lock}`,
    `LOCK TABLE ${names.join(", ")} IN ${mode} MODE`,
  ];
}

/** Cancels what a session runs when the user wants no more of it. */
export async function cancellable<Result>(
  { cancel }: Pick<LockedTenant["context"], "cancel">,
  session: Session,
  use: () => Promise<Result>,
): Promise<Result> {
  const stop = () => void session.cancel();
  cancel?.addEventListener("abort", stop, { once: true });
  try {
    return await use();
  } finally {
    cancel?.removeEventListener("abort", stop);
  }
}

/**
 * Makes a tenant schema from a structure and what it is to hold, in one transaction, and makes sure that it has that
 * structure and no other.
 *
 * @param locks to take before anything is read
 * @param fillIn puts the rows and the ledger's in, and gives the structure that it all is to have
 */
export async function makeSchema(
  { context, sessionFor }: LockedTenant,
  target: Target,
  locks: readonly string[],
  fillIn: (session: Session, make: Make) => Promise<Structure>,
): Promise<void> {
  const session = await sessionFor(target.database);
  // A copy takes as long as its rows need.
  const timeouts = { ...context.config.fleet.timeouts, statement: 0, idleInTransaction: 0 };
  const expectation = noLedger(target.schema);
  const make = makerFor(session, target);
  const how = { create: "schemaAndLedger", expectation, snapshotBehind: locks, timeouts } as const;
  await cancellable(context, session, () =>
    inTenantTransaction(context, session, target, how, async () => {
      await prove(session, target, await fillIn(session, make));
    }),
  );
}

type Structure = Pick<StructureDump, "server" | "preData" | "postData"> &
  Partial<Pick<StructureDump, "sequences">>;

/** Runs statements for the schema that is being made. */
export type Make = (statements: readonly Template[]) => Promise<void>;

/** A comment at the end of a statement must not hide the semicolon after it. */
export function makerFor(session: Session, { schema }: Target): Make {
  const quoted = quoteIdentifier(schema);
  return (statements) =>
    session.script(
      ["SET LOCAL check_function_bodies = off", ...statements.map((one) => fill(one, quoted))].join(
        "\n;\n",
      ),
    );
}

/**
 * Makes sure that a schema has a structure, and sequences at its positions, if there are some. Servers of different
 * versions have different words for one structure: it cannot be compared then.
 *
 * @throws FleetError `refused`
 */
export async function prove(
  session: Session,
  { schema }: Target,
  structure: Structure,
): Promise<void> {
  const made = await readStructure(session, schema);
  const major = ({ server }: Structure) => Math.floor(server / 10_000);
  const different = major(made) === major(structure) ? unlike(structure, made, schema) : [];
  const [difference] = [
    ...(await withoutSameViews(different)),
    ...misplaced(structure.sequences ?? [], made.sequences),
  ];
  if (difference === undefined) return;
  throw new FleetError("refused", `the copy would not be the same: ${difference.split("\n")[0]}`, {
    where: schema,
    remedy:
      "Unless somebody has changed the file, this is a defect of drizzle-fleet: please report it.",
  });
}

function misplaced(wanted: readonly DumpedSequence[], made: readonly DumpedSequence[]): string[] {
  const found = new Map(made.map((one) => [one.name, one]));
  return wanted.flatMap(({ name, lastValue, isCalled }) => {
    const other = found.get(name);
    const same = other?.lastValue === lastValue && other.isCalled === isCalled;
    return same ? [] : [`the sequence ${name} is at ${other?.lastValue}, and not at ${lastValue}`];
  });
}

function busySchema(schema: string): FleetError {
  return new FleetError("tenant", `another runner is at work on ${schema}`, {
    remedy: "Try again when it has come to its end.",
  });
}

function withoutLedger(schema: string): FleetError {
  return new FleetError("tenant", `${schema} has no ledger that can be read`, {
    remedy: "See drizzle-fleet status, and drizzle-fleet stamp --help.",
  });
}
