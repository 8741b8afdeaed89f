import type { SequencePosition } from "../catalog/sequence-positions.ts";
import { FleetError } from "../core/errors.ts";
import type { OnboardingObserver } from "../core/onboarding.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import { fill, type Template } from "../core/template.ts";
import { differingStatements } from "../dump/same-structure.ts";
import { withoutSameViews } from "../dump/same-view.ts";
import { readStructure } from "../dump/structure.ts";
import type { StructureDump } from "../dump/types.ts";
import { inTenantTransaction } from "../fleet/tenant-transaction.ts";
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
import { type LockedTenant, targetsFor } from "./tenant-lock.ts";

/**
 * Creates a tenant from existing data, completely or not at all. A copy that was killed halfway starts over, because
 * nothing tells where its first half came from.
 *
 * @param copy creates the schemas with everything in them
 */
export async function makeCopy(
  locked: LockedTenant,
  request: NewTenant,
  copy: () => Promise<void>,
  observe: OnboardingObserver,
): Promise<void> {
  await beyondTimeouts(locked.registry);
  await runSteps(
    locked,
    [
      { name: "register", run: () => register(locked, request) },
      { name: "copy", run: copy },
      { name: "grant", run: () => grantAccess(locked) },
      { name: "activate", run: () => activate(locked, "copying") },
    ],
    observe,
  );
}

async function register(
  locked: LockedTenant,
  { attributes = {}, database }: NewTenant,
): Promise<void> {
  const { findTenant, registerTenant } = await import("../control/registry.ts");
  const { id, registry } = locked;
  const found = await findTenant(registry, id);
  if (found?.status === "copying") await dropTenant(locked);
  else if (found !== undefined) throw existingTenantError(found);
  const home = knownDatabase(locked.context, database);
  await refuseExistingSchemas(locked, await targetsFor(locked, home));
  await registerTenant(registry, { id, status: "copying", database: home, attributes });
}

/** A tenant schema to copy, and the session that holds its target's lock. */
export interface LockedSchema {
  readonly target: Target;
  readonly session: Session;
}

/**
 * Keeps rollouts away from tenant schemas during `use`, by the targets' locks.
 *
 * @param use gets the schemas that exist
 * @throws FleetError `tenant` when a rollout is working on one, or when one has no ledger
 */
export async function withSchemaLocks<Result>(
  locked: LockedTenant,
  targets: readonly Target[],
  use: (sources: readonly LockedSchema[]) => Promise<Result>,
): Promise<Result> {
  const [target, ...rest] = targets;
  if (target === undefined) return use([]);
  const { context, open } = locked;
  const { database, schema } = target;
  const connect = { waitMs: context.config.fleet.connectTimeout, signal: context.signal };
  return withSession(open.addressOf(database), connect, async (session) => {
    if (session.pooled) throw directUrlError(database);
    await beyondTimeouts(session);
    if (!(await tryLock(session, lockKey(schema)))) throw schemaBusyError(schema);
    const state = (await readLedgers(session, [schema], new Map())).get(schema);
    const there = state?.kind !== "noSchema";
    if (there && state?.kind !== "ledger") throw noLedgerError(schema);
    const own = there ? [{ target, session }] : [];
    return cancellable(context, session, () =>
      withSchemaLocks(locked, rest, (others) => use([...own, ...others])),
    );
  });
}

/** Removes the timeouts of a session that holds a lock: it is idle for as long as other sessions copy. */
export async function beyondTimeouts(session: Session): Promise<void> {
  await session.query(
    `SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name IN
     ('statement_timeout', 'transaction_timeout', 'idle_session_timeout', 'idle_in_transaction_session_timeout')`,
  );
}

export type LockMode = "ACCESS SHARE" | "SHARE" | "ACCESS EXCLUSIVE";

/**
 * Statements that lock a schema's tables, to begin a transaction with: under a snapshot alone, a table that another
 * session truncates or rewrites later would look empty. LOCK TABLE itself takes no snapshot (PostgreSQL, "LOCK").
 *
 * @param mode `ACCESS SHARE` allows reads and writes, `SHARE` reads, `ACCESS EXCLUSIVE` neither
 */
export async function tableLocks(
  { context }: LockedTenant,
  { session, target: { schema } }: LockedSchema,
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

/** Cancels the running statement of a session at the second interruption. */
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
 * Creates a tenant schema with its contents in one transaction, and makes sure that it has exactly the expected
 * structure.
 *
 * @param locks statements to run before anything is read
 * @param fillIn inserts the rows, the ledger's too, and returns the expected structure
 */
export async function makeSchema(
  { context, sessionFor }: LockedTenant,
  target: Target,
  locks: readonly string[],
  fillIn: (session: Session, make: Make) => Promise<Structure>,
): Promise<void> {
  const session = await sessionFor(target.database);
  // How long a copy takes depends on its rows.
  const timeouts = { ...context.config.fleet.timeouts, statement: 0, idleInTransaction: 0 };
  const expectation = noLedger(target.schema);
  const make = makerFor(session, target);
  const how = {
    create: "schemaAndLedger",
    expectation,
    snapshotAfterLocks: locks,
    timeouts,
  } as const;
  await cancellable(context, session, () =>
    inTenantTransaction({ context, session, target }, how, async () => {
      await verifyStructure(session, target, await fillIn(session, make));
    }),
  );
}

type Structure = Pick<StructureDump, "server" | "preData" | "postData"> &
  Partial<Pick<StructureDump, "sequences">>;

/** Runs statements in the schema that is being created. */
export type Make = (statements: readonly Template[]) => Promise<void>;

/** Separates the statements by a line of its own, so that a trailing comment cannot hide the semicolon. */
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
 * Makes sure that a schema has a structure, and its sequences their positions if it contains any. Servers of different
 * major versions describe one structure differently, so it is not compared then.
 *
 * @throws FleetError `refused`
 */
export async function verifyStructure(
  session: Session,
  { schema }: Target,
  structure: Structure,
): Promise<void> {
  const made = await readStructure(session, schema);
  const major = ({ server }: Structure) => Math.floor(server / 10_000);
  const different =
    major(made) === major(structure) ? differingStatements(structure, made, schema) : [];
  const [difference] = [
    ...(await withoutSameViews(different)),
    ...misplaced(structure.sequences ?? [], made.sequences),
  ];
  if (difference === undefined) return;
  throw new FleetError("refused", `the copy would not be the same: ${difference.split("\n")[0]}`, {
    where: schema,
    remedy:
      "Unless the file was changed by hand, this is a defect of drizzle-fleet: please report it.",
  });
}

function misplaced(
  wanted: readonly SequencePosition[],
  made: readonly SequencePosition[],
): string[] {
  const found = new Map(made.map((one) => [one.name, one]));
  return wanted.flatMap(({ name, lastValue, isCalled }) => {
    const other = found.get(name);
    const same = other?.lastValue === lastValue && other.isCalled === isCalled;
    return same ? [] : [`the sequence ${name} is at ${other?.lastValue} instead of ${lastValue}`];
  });
}

function schemaBusyError(schema: string): FleetError {
  return new FleetError("tenant", `another runner is working on ${schema}`, {
    remedy: "Try again when it has finished.",
  });
}

function noLedgerError(schema: string): FleetError {
  return new FleetError("tenant", `${schema} has no ledger that can be read`, {
    remedy: "See: npx drizzle-fleet status, npx drizzle-fleet stamp --help",
  });
}
