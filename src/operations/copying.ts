import { FleetError } from "../core/errors.ts";
import type { OnboardingObserver } from "../core/onboarding.ts";
import type { Target } from "../core/target.ts";
import { fill, type Template } from "../core/template.ts";
import { unlike } from "../dump/same-structure.ts";
import { readStructure } from "../dump/structure.ts";
import type { StructureDump } from "../dump/types.ts";
import { readLedgers } from "../ledger/read-ledgers.ts";
import { quoteIdentifier } from "../postgres/identifiers.ts";
import { lockKey, tryLock } from "../postgres/lock.ts";
import { type Session, withSession } from "../postgres/session.ts";
import { noLedger } from "../rollout/guard.ts";
import {
  existing,
  grant,
  knownDatabase,
  type NewTenant,
  refuseExistingSchemas,
} from "./onboarding.ts";
import { removeHeld } from "./remove-tenant.ts";
import { runSteps } from "./saga.ts";
import { needsDirect } from "./tenant-errors.ts";
import { type TenantHold, targetsFor, workIn } from "./tenant-work.ts";

/**
 * Makes a tenant from something that is there already: it either happens, or leaves nothing behind. One that was killed
 * in the middle begins anew, because it cannot be known what the first half came from.
 *
 * @param copy makes the schemas, with all that is in them
 */
export async function makeCopy(
  hold: TenantHold,
  request: NewTenant,
  copy: () => Promise<void>,
  observe: OnboardingObserver,
): Promise<void> {
  const { changeStatus } = await import("../control/registry.ts");
  await runSteps(
    hold,
    [
      { name: "register", run: () => register(hold, request) },
      { name: "copy", run: copy },
      { name: "grant", run: () => grant(hold) },
      { name: "activate", run: () => changeStatus(hold.registry, hold.id, ["copying"], "active") },
    ],
    observe,
  );
}

async function register(hold: TenantHold, { attributes = {}, database }: NewTenant): Promise<void> {
  const { findTenant, registerTenant } = await import("../control/registry.ts");
  const { id, registry } = hold;
  const found = await findTenant(registry, id);
  if (found?.status === "copying") await removeHeld(hold);
  else if (found !== undefined) throw existing(found);
  const home = knownDatabase(hold.context, database);
  await refuseExistingSchemas(hold, await targetsFor(hold, home));
  await registerTenant(registry, { id, status: "copying", database: home, attributes });
}

/**
 * Keeps rollouts away from a tenant schema for the time of `use`, by the target's lock.
 *
 * @param use gets a session of its own, and is not called when there is no such schema
 * @throws FleetError `tenant` when a rollout is at work, or when the schema has no ledger
 */
export async function holdSource(
  { context, open }: TenantHold,
  { database, schema }: Target,
  use: (session: Session) => Promise<void>,
): Promise<void> {
  const connect = { waitMs: context.config.fleet.connectTimeout, signal: context.signal };
  await withSession(open.addressOf(database), connect, async (session) => {
    if (session.pooled) throw needsDirect(database);
    if (!(await tryLock(session, lockKey(schema)))) throw busy(schema);
    const state = (await readLedgers(session, [schema], new Map())).get(schema);
    if (state?.kind === "noSchema") return;
    if (state?.kind !== "ledger") throw withoutLedger(schema);
    await cancellable(context, session, () => use(session));
  });
}

/** Cancels what a session runs when the user wants no more of it. */
async function cancellable<Result>(
  { cancel }: Pick<TenantHold["context"], "cancel">,
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
 * @param fillIn puts the rows and the ledger's in, and gives the structure that it all is to have
 */
export async function makeSchema(
  { context, sessionFor }: TenantHold,
  target: Target,
  fillIn: (session: Session, make: Make) => Promise<Structure | undefined>,
): Promise<void> {
  const session = await sessionFor(target.database);
  // A copy takes as long as its rows need.
  const timeouts = { ...context.config.fleet.timeouts, statement: 0, idleInTransaction: 0 };
  const expectation = noLedger(target.schema);
  const quoted = quoteIdentifier(target.schema);
  const make: Make = (statements) =>
    session.script(
      ["SET LOCAL check_function_bodies = off", ...statements.map((one) => fill(one, quoted))].join(
        ";\n",
      ),
    );
  const how = { create: "schemaAndLedger", expectation, snapshot: true, timeouts } as const;
  await cancellable(context, session, () =>
    workIn(context, session, target, how, async () => {
      const structure = await fillIn(session, make);
      if (structure !== undefined) await prove(session, target, structure);
    }),
  );
}

type Structure = Pick<StructureDump, "preData" | "postData">;

/** Runs statements for the schema that is being made. */
export type Make = (statements: readonly Template[]) => Promise<void>;

async function prove(session: Session, { schema }: Target, structure: Structure): Promise<void> {
  const [difference] = unlike(structure, await readStructure(session, schema), schema);
  if (difference === undefined) return;
  throw new FleetError("refused", `the copy would not be the same: ${difference.split("\n")[0]}`, {
    where: schema,
    remedy: "This is a defect of drizzle-fleet: please report it, with the statement.",
  });
}

function busy(schema: string): FleetError {
  return new FleetError("tenant", `another runner is at work on ${schema}`, {
    remedy: "Try again when it has come to its end.",
  });
}

function withoutLedger(schema: string): FleetError {
  return new FleetError("tenant", `${schema} has no ledger that can be read`, {
    remedy: "See drizzle-fleet status, and drizzle-fleet stamp --help.",
  });
}
