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
import { sealAsIs } from "../ledger/seal.ts";
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
 * Creates a tenant from existing data, completely or not at all. A copy that was killed starts over: its remains are
 * dropped, because nothing records which source they came from.
 *
 * @param copy creates the schemas with their contents
 */
export async function makeCopy(
  locked: LockedTenant,
  request: NewTenant,
  copy: () => Promise<void>,
  observe: OnboardingObserver,
): Promise<void> {
  await disableTimeouts(locked.registry);
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

/** A tenant schema to copy, and the session that holds the target's lock. */
export interface LockedSchema {
  readonly target: Target;
  readonly session: Session;
}

/**
 * Holds the targets' locks during `use`, so that no rollout changes the tenant schemas.
 *
 * @param use receives the existing schemas
 * @throws FleetError `tenant` if a rollout is working on a schema, or if a schema has no ledger
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
    await disableTimeouts(session);
    if (!(await tryLock(session, lockKey(schema)))) throw schemaBusyError(schema);
    const state = (await readLedgers(session, [schema], new Map())).get(schema);
    const exists = state?.kind !== "noSchema";
    if (exists && state?.kind !== "ledger") throw noLedgerError(schema);
    const own = exists ? [{ target, session }] : [];
    return cancellable(context, session, () =>
      withSchemaLocks(locked, rest, (others) => use([...own, ...others])),
    );
  });
}

/** Disables the timeouts of a session that holds a lock, because it is idle while other sessions copy. */
export async function disableTimeouts(session: Session): Promise<void> {
  await session.query(
    `SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name IN
     ('statement_timeout', 'transaction_timeout', 'idle_session_timeout', 'idle_in_transaction_session_timeout')`,
  );
}

export type LockMode = "ACCESS SHARE" | "SHARE" | "ACCESS EXCLUSIVE";

/**
 * Statements that lock a schema's tables at the start of a transaction. Without the locks, a table that another session
 * truncates or rewrites would look empty in an older snapshot. LOCK TABLE takes no snapshot (PostgreSQL, "LOCK").
 *
 * @param mode `ACCESS SHARE` lets other sessions read and write, `SHARE` only read, `ACCESS EXCLUSIVE` neither
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

/** Cancels the running statement of a session when the user interrupts for the second time. */
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
 * Creates a tenant schema with its contents in one transaction, and verifies its structure.
 *
 * @param locks statements to run before the transaction takes its snapshot
 * @param fillIn inserts the rows, including those of the ledger, and returns the expected structure
 */
export async function makeSchema(
  { context, sessionFor }: LockedTenant,
  target: Target,
  locks: readonly string[],
  fillIn: (session: Session, make: Make) => Promise<Structure>,
): Promise<void> {
  const session = await sessionFor(target.database);
  // The duration of a copy depends on the number of rows.
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
      await session.script(sealAsIs(target.schema));
    }),
  );
}

type Structure = Pick<StructureDump, "server" | "preData" | "postData"> &
  Partial<Pick<StructureDump, "sequences">>;

/** Runs statements in the schema that is being created. */
export type Make = (statements: readonly Template[]) => Promise<void>;

/** Puts each semicolon on a separate line, so that a trailing comment cannot hide it. */
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
 * Compares a schema with the expected structure, and the positions of sequences if the structure contains them.
 * Different major versions of PostgreSQL describe the same structure differently, so it is compared only within one.
 *
 * @throws FleetError `refused` if they differ
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
  throw new FleetError(
    "refused",
    `the copy would differ from the original: ${difference.split("\n")[0]}`,
    {
      where: schema,
      remedy:
        "Unless the file was edited by hand, this is a bug in drizzle-fleet: please report it.",
    },
  );
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
    remedy: "Wait for it to finish, then run the same command again.",
  });
}

function noLedgerError(schema: string): FleetError {
  return new FleetError("tenant", `${schema} has no readable ledger`, {
    remedy:
      "To create a ledger for existing tables, see: npx drizzle-fleet stamp --help. To see the state of the schema, run: npx drizzle-fleet status",
  });
}
