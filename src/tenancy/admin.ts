import { createHash, randomBytes } from "node:crypto";
import { counted } from "../core/count.ts";
import { FleetError } from "../core/errors.ts";
import type { AdminUser } from "../core/onboarding.ts";
import { refuseUnsendable } from "../core/sendable.ts";
import type { Context } from "../fleet/context.ts";
import { inTenantTransaction } from "../fleet/tenant-transaction.ts";
import { registeredTargets } from "./onboarding.ts";
import { adminSeed, loadSeeds } from "./seeds.ts";
import { forEachTarget } from "./targets.ts";
import type { LockedTenant } from "./tenant-lock.ts";

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
 * The service that creates a tenant's first user.
 *
 * @throws FleetError `usage` for an address or a password that cannot be used; `config` when no service can do it
 */
export async function adminServiceFor(
  context: Context,
  { email, password }: { readonly email: string; readonly password?: string | undefined },
): Promise<ReturnType<typeof adminSeed>> {
  refuseOddAdmin(email, password);
  return adminSeed(await loadSeeds(context));
}

/**
 * Creates the tenant's first user, by the one service whose seed module can.
 *
 * @throws FleetError `usage` for an address or a password that cannot be used; `config` when no service can do it
 */
export async function createAdmin(
  locked: LockedTenant,
  { email, password }: NewAdmin,
): Promise<CreatedAdmin> {
  const { service, create } = await adminServiceFor(locked.context, { email, password });
  const invitationToken =
    password === undefined ? randomBytes(32).toString("base64url") : undefined;
  const admin: AdminUser = {
    email,
    passwordHash: password === undefined ? undefined : await hashed(password),
    invitationTokenHash:
      invitationToken && createHash("sha256").update(invitationToken).digest("hex"),
  };
  await inService(locked, service, (session) => session.drizzle((db) => create(db, admin)));
  return { email, ...(invitationToken === undefined ? {} : { invitationToken }) };
}

/** Takes the tenant's first user back, if the schema is there and the service can. */
export async function removeAdmin(locked: LockedTenant, email: string): Promise<void> {
  const { service, seed: own } = adminSeed(await loadSeeds(locked.context));
  await inService(locked, service, (session) =>
    session.drizzle(async (db) => own.removeAdminUser?.(db, { email })),
  );
}

async function inService(
  locked: LockedTenant,
  service: string,
  use: (session: Parameters<Parameters<typeof forEachTarget>[2]>[0]) => Promise<void>,
): Promise<void> {
  const targets = (await registeredTargets(locked)).filter((target) => target.service === service);
  await forEachTarget(locked, targets, (session, target) =>
    inTenantTransaction({ context: locked.context, session, target }, { create: "nothing" }, () =>
      use(session),
    ),
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
  // Where bcrypt is written in C, a password ends at a NUL byte.
  refuseUnsendable("the admin's password", password);
  const bytes = Buffer.byteLength(password);
  if (bytes >= 8 && bytes <= longestPassword) return;
  throw new FleetError("usage", `the admin's password is ${counted(bytes, "byte")} long`, {
    remedy: `Give one of 8 to ${longestPassword} bytes: bcrypt reads no more.`,
  });
}
