import { createHash, randomBytes } from "node:crypto";
import { FleetError, throwProblems } from "../core/errors.ts";
import type { AdminUser } from "../core/onboarding.ts";
import { isFailure } from "../core/outcome.ts";
import type { Target } from "../core/target.ts";
import type { TenantRecord } from "../core/tenant.ts";
import { readLedgers } from "../ledger/read-ledgers.ts";
import { ledgerOf } from "../ledger/table.ts";
import type { History } from "../plan/build.ts";
import { divide } from "../plan/waves.ts";
import { flushLog } from "../postgres/flush.ts";
import { admit, dismiss } from "../postgres/privileges.ts";
import type { Session } from "../postgres/session.ts";
import { failureText } from "../report/errors.ts";
import { noLedger } from "../rollout/guard.ts";
import { unknownNames } from "../tenants/targets.ts";
import { applyBaseline, deservesBaseline, dropScratch, makeBaseline } from "./baseline.ts";
import type { Context } from "./context.ts";
import { plannerFor } from "./migrate.ts";
import { planFleet, readHistories } from "./plan-fleet.ts";
import { needsDirectUrl } from "./planning.ts";
import { rolesForTenant } from "./roles.ts";
import { type Prepared, refusePooled, rollOut } from "./roll-out.ts";
import { createExtensions, readScripts } from "./scripts.ts";
import { adminSeed, loadSeeds } from "./seeds.ts";
import { asListed, inactive, listing } from "./tenant-sources.ts";
import { forEachTarget, runIn, type TenantHold, targetsFor, workIn } from "./tenant-work.ts";

/** Who is to be onboarded. */
export interface NewTenant {
  readonly tenant: string;
  readonly attributes?: TenantRecord["attributes"];
  /** The database for all that is the tenant's, where that is not its services'. */
  readonly database?: string;
}

/**
 * Enters a tenant into the registry as `provisioning`. What an earlier attempt has entered is taken up again.
 *
 * @throws FleetError `tenant` for one that exists, or whose schemas do
 */
export async function register(hold: TenantHold, request: NewTenant): Promise<void> {
  const { findTenant, registerTenant } = await import("../control/registry.ts");
  const { id, registry, context } = hold;
  const found = await findTenant(registry, id);
  if (found !== undefined && found.status !== "provisioning") throw existing(found);
  const database = knownDatabase(context, request.database);
  if (found === undefined) await refuseExistingSchemas(hold, await targetsFor(hold, database));
  else if (request.database !== undefined && found.database !== database) throw elsewhere(found);
  const { attributes = found?.attributes ?? {} } = request;
  await registerTenant(registry, { id, status: "provisioning", database, attributes });
}

/**
 * Makes the schemas with their ledgers. Nobody but their owner may enter them yet; who will, must be there. They are
 * certain to survive a crash of the server when `migrateTenant` has followed.
 *
 * @returns the targets that no migration was applied to yet
 */
export async function createSchemas(hold: TenantHold): Promise<ReadonlySet<Target>> {
  const { context } = hold;
  const fresh = new Set<Target>();
  const targets = await registeredTargets(hold);
  await rolesForTenant(hold, targets);
  await forEachTarget(hold, targets, async (session, target) => {
    const state = (await readLedgers(session, [target.schema], new Map())).get(target.schema);
    if (state?.kind !== "ledger" || state.entries.length === 0) fresh.add(target);
    if (state?.kind === "ledger") return;
    const create = state?.kind === "noLedger" ? "ledger" : "schemaAndLedger";
    const work = { create, expectation: noLedger(target.schema), flushedLater: true } as const;
    await runIn(context, session, target, work, []);
  });
  return fresh;
}

/**
 * Brings every service of the tenant to head: by the service's baseline where there is one and the target is fresh, and
 * for the rest as `migrate` does.
 *
 * @param fresh the targets that a baseline may be used for, as `createSchemas` gives them; for no other one is it asked
 * @returns true when some service has a long history and no baseline yet
 * @throws FleetError `onboarding` with every failure
 */
export async function migrateTenant(
  hold: TenantHold,
  fresh: ReadonlySet<Target> = new Set(),
): Promise<boolean> {
  const record = await registered(hold);
  const known = listing(hold.context, [asListed(record)]);
  const context = { ...known, environment: { ...known.environment, TENANTS: undefined } };
  const targets = await targetsOf(hold, record);
  const histories = await readHistories(context, targets);
  const { made, missing } = await fromBaselines(hold, [...fresh], histories);
  const rest = targets.filter((target) => !made.has(target));
  if (rest.length > 0) await migrateTargets({ ...hold, context }, rest, histories);
  return missing;
}

async function migrateTargets(
  { context, id, open }: TenantHold,
  targets: readonly Target[],
  histories: ReadonlyMap<string, History>,
): Promise<void> {
  const planOne = plannerFor(context, { services: [], tenants: [], databases: [] });
  const fleet = await planFleet(context, targets, histories, open, planOne, true);
  const plan = divide(fleet.targets, {});
  const scripts = await readScripts(context, plan, histories);
  refusePooled(plan, fleet.databases, scripts.scriptOf, needsDirectUrl);
  await createExtensions(context, scripts, open);
  const prepared: Prepared = {
    ...{ verb: "tenants add", selection: { tenants: [id] }, kept: false },
    ...{ plan, planOne, histories, databases: fleet.databases, scriptOf: scripts.scriptOf },
  };
  const { concurrency, timeouts } = context.config.fleet;
  const choices = { concurrency, timeouts, soakMs: 0, maxFailures: Number.POSITIVE_INFINITY };
  const { outcomes } = await rollOut(context, prepared, open, choices, () => undefined);
  const problems = outcomes.filter(isFailure).map(({ target, failure }) => {
    const text = failure === undefined ? "it was not migrated" : failureText(failure);
    return new FleetError("onboarding", `${target.service}/${target.tenant}: ${text}`);
  });
  const done = outcomes.every(({ status }) => status === "succeeded" || status === "skipped");
  if (done) return;
  const [first] = problems;
  throw new FleetError("onboarding", first?.message ?? "the migrations were interrupted", {
    ...(problems.length > 1 ? { problems } : {}),
  });
}

interface FromBaselines {
  /** The targets that are at head now. */
  readonly made: ReadonlySet<Target>;
  /** True when a baseline is still to be made. */
  readonly missing: boolean;
}

/** Makes fresh targets from their services' baselines, where those are kept and good. */
async function fromBaselines(
  hold: TenantHold,
  fresh: readonly Target[],
  histories: ReadonlyMap<string, History>,
): Promise<FromBaselines> {
  const { readBaseline } = await import("../control/baselines.ts");
  const made = new Set<Target>();
  const unflushed = new Set<Session>();
  let missing = false;
  await forEachTarget(hold, fresh, async (session, target) => {
    const history = histories.get(target.service);
    if (history === undefined || !deservesBaseline(history)) return;
    const baseline = await readBaseline(session, target.service, digestOfAll(history));
    missing ||= baseline === undefined;
    if (baseline === undefined || "refused" in baseline) return;
    await applyBaseline(hold.context, session, target, baseline);
    unflushed.add(session);
    made.add(target);
  });
  for (const session of unflushed) await flushLog(session);
  return { made, missing };
}

function digestOfAll({ digests }: History): string {
  return digests.at(-1) ?? "";
}

/**
 * Makes the baselines that are missing, for the next tenant: of services with a long history.
 *
 * @returns why a service has none, by its name
 */
export async function prepareBaselines(hold: TenantHold): Promise<ReadonlyMap<string, string>> {
  const { keepBaseline, readBaseline } = await import("../control/baselines.ts");
  const { lockBaselines } = await import("../control/registry.ts");
  const targets = await registeredTargets(hold);
  const histories = await readHistories(hold.context, targets);
  const refusals = new Map<string, string>();
  await forEachTarget(hold, targets, async (session, { database, service }) => {
    const history = histories.get(service);
    if (history === undefined || !deservesBaseline(history)) return;
    const key = digestOfAll(history);
    if ((await readBaseline(session, service, key)) !== undefined) return;
    // Somebody else is at it.
    if (!(await lockBaselines(hold.registry, database))) return;
    await dropScratch(session);
    const made = await makeBaseline(hold.context, session, database, service, history);
    await keepBaseline(session, service, key, made);
    if ("refused" in made) refusals.set(service, made.refused);
  });
  return refusals;
}

/**
 * Lets the application into the schemas, if a role is configured for it; this is what makes the tenant usable. A
 * tenant with a role of its own is left to that one alone.
 */
export async function grant(hold: TenantHold): Promise<void> {
  const { context, open } = hold;
  const targets = await registeredTargets(hold);
  const roleOf = await rolesForTenant(hold, targets);
  await forEachTarget(hold, targets, async (session, target) => {
    const [application, role] = [open.applicationRoleOf(target.database), roleOf(target)];
    if (application === undefined || role === undefined) return;
    const statements = [
      ...(role === application ? [] : dismiss(target.schema, application)),
      ...admit(target.schema, role, ledgerOf(target.schema)),
    ];
    await runIn(context, session, target, { create: "nothing" }, statements);
  });
}

/** Runs the services' seeds, each in one transaction. */
export async function seed(hold: TenantHold): Promise<void> {
  const { context } = hold;
  const seeds = await loadSeeds(context);
  if (seeds.length === 0) return;
  const { id, attributes } = await registered(hold);
  await forEachTarget(hold, await registeredTargets(hold), async (session, target) => {
    const own = seeds.find(({ service }) => service === target.service)?.seed;
    if (own?.seed === undefined) return;
    await workIn(context, session, target, { create: "nothing" }, () =>
      session.drizzle(async (db) => own.seed?.(db, { id, attributes })),
    );
  });
}

/** How a tenant's first user is to come in. */
export interface NewAdmin {
  readonly email: string;
  /** Kept as a bcrypt hash; without one the user is invited. */
  readonly password?: string;
}

/** The invitation of an admin without a password: the token is known here alone, the database has its hash. */
export interface CreatedAdmin {
  readonly email: string;
  readonly invitationToken?: string;
}

/** bcrypt's work factor: some 250 ms, once per tenant. */
const bcryptRounds = 12;

/** bcrypt reads no more of a password than this, in bytes. */
const longestPassword = 72;

/**
 * Creates the tenant's first user, by the one service whose seed module can.
 *
 * @throws FleetError `usage` for an address or a password that cannot be used; `config` when no service can do it
 */
export async function createAdmin(
  hold: TenantHold,
  { email, password }: NewAdmin,
): Promise<CreatedAdmin> {
  refuseOddAdmin(email, password);
  const { service, create } = adminSeed(await loadSeeds(hold.context));
  const invitationToken =
    password === undefined ? randomBytes(32).toString("base64url") : undefined;
  const admin: AdminUser = {
    email,
    passwordHash: password === undefined ? undefined : await hashed(password),
    invitationTokenHash:
      invitationToken && createHash("sha256").update(invitationToken).digest("hex"),
  };
  await inService(hold, service, (session) => session.drizzle((db) => create(db, admin)));
  return { email, ...(invitationToken === undefined ? {} : { invitationToken }) };
}

/** Takes the tenant's first user back, if the schema is there and the service can. */
export async function removeAdmin(hold: TenantHold, email: string): Promise<void> {
  const { service, seed: own } = adminSeed(await loadSeeds(hold.context));
  await inService(hold, service, (session) =>
    session.drizzle(async (db) => own.removeAdminUser?.(db, { email })),
  );
}

/** Ends the onboarding: from now on the tenant takes part in everything. */
export async function activate({ id, registry }: TenantHold): Promise<void> {
  const { changeStatus, findTenant } = await import("../control/registry.ts");
  if (await changeStatus(registry, id, ["provisioning", "active"], "active")) return;
  const found = await findTenant(registry, id);
  throw found === undefined ? nobody(id) : existing(found);
}

/** A tenant as the registry has it now. */
export async function registered({ registry, id }: TenantHold): Promise<TenantRecord> {
  const { findTenant } = await import("../control/registry.ts");
  const record = await findTenant(registry, id);
  if (record !== undefined) return record;
  throw nobody(id);
}

function nobody(id: string): FleetError {
  return new FleetError("tenant", `there is no tenant ${id}`, {
    remedy: "See who is there: drizzle-fleet tenants list",
  });
}

export async function registeredTargets(hold: TenantHold): Promise<Target[]> {
  return targetsOf(hold, await registered(hold));
}

/** The targets of a tenant in the registry. Looked up once: from then on whoever collides with it is refused there. */
async function targetsOf(hold: TenantHold, { database }: TenantRecord): Promise<Target[]> {
  const targets = hold.targets.get(database) ?? (await targetsFor(hold, database));
  hold.targets.set(database, targets);
  return targets;
}

async function inService(
  hold: TenantHold,
  service: string,
  use: (session: Parameters<Parameters<typeof forEachTarget>[2]>[0]) => Promise<void>,
): Promise<void> {
  const targets = (await registeredTargets(hold)).filter((target) => target.service === service);
  await forEachTarget(hold, targets, (session, target) =>
    workIn(hold.context, session, target, { create: "nothing" }, () => use(session)),
  );
}

/**
 * A tenant's own database, as the registry has it.
 *
 * @throws FleetError `usage` for one that is not configured
 */
export function knownDatabase({ config }: Context, name: string | undefined): string | null {
  if (name === undefined) return null;
  const known = Object.keys(config.fleet.databases);
  throwProblems(unknownNames("database", [name], known), "");
  return name;
}

/**
 * Makes sure that a tenant who is to be made has no schema yet.
 *
 * @throws FleetError `tenant`
 */
export async function refuseExistingSchemas(
  hold: TenantHold,
  targets: readonly Target[],
): Promise<void> {
  const found: string[] = [];
  await forEachTarget(hold, targets, async (session, { schema }) => {
    const states = await readLedgers(session, [schema], new Map());
    if (states.get(schema)?.kind !== "noSchema") found.push(schema);
  });
  if (found.length === 0) return;
  throw new FleetError(
    "tenant",
    `${found.join(" and ")} exist already, and nobody has registered ${hold.id}`,
    {
      remedy: `If that is the tenant: drizzle-fleet tenants adopt ${hold.id}. Otherwise drop them, or choose another name. Nothing was changed.`,
    },
  );
}

async function hashed(password: string): Promise<string> {
  const { hash } = await import("bcryptjs");
  return hash(password, bcryptRounds);
}

function refuseOddAdmin(email: string, password: string | undefined): void {
  if (!/^[^\s@]+@[^\s@]+$/.test(email))
    throw new FleetError("usage", "the admin's email address is none", {
      remedy: "Write it as somebody@example.com.",
    });
  if (password === undefined) return;
  const bytes = Buffer.byteLength(password);
  if (bytes >= 8 && bytes <= longestPassword) return;
  throw new FleetError("usage", `the admin's password is ${bytes} bytes long`, {
    remedy: `Give one of 8 to ${longestPassword} bytes: bcrypt reads no more.`,
  });
}

/** What to say of a tenant who is there already, and should not be. */
export function existing(found: TenantRecord): FleetError {
  if (["copying", "renaming", "removing"].includes(found.status)) return inactive(found);
  return new FleetError("tenant", `tenant ${found.id} exists already, and is ${found.status}`, {
    remedy: "See who is there: drizzle-fleet tenants list",
  });
}

function elsewhere({ id, database }: TenantRecord): FleetError {
  return new FleetError(
    "tenant",
    `tenant ${id} was begun in ${database === null ? "its services' databases" : `database ${database}`}`,
    { remedy: `Go on without --database, or clear it away: drizzle-fleet tenants remove ${id}` },
  );
}
