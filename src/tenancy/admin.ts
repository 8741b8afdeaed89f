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

/** The first admin of a tenant. */
export interface NewAdmin {
  readonly email: string;
  /** 8 to 72 bytes, stored as a bcrypt hash. If omitted, the admin is invited with a token instead. */
  readonly password?: string;
}

/** A new admin. Without a password, the invitation token is returned here only: the seed module receives its hash. */
export interface CreatedAdmin {
  readonly email: string;
  readonly invitationToken?: string;
}

/** bcrypt's work factor: about 250 ms, once per tenant. */
const bcryptRounds = 12;

/** In bytes. bcrypt ignores the rest of a longer password. */
const longestPassword = 72;

/**
 * Finds the service that creates the first admin of a tenant.
 *
 * @throws FleetError `usage` for an invalid address or password; `config` unless exactly one service can do it
 */
export async function adminServiceFor(
  context: Context,
  { email, password }: { readonly email: string; readonly password?: string | undefined },
): Promise<ReturnType<typeof adminSeed>> {
  refuseInvalidAdmin(email, password);
  return adminSeed(await loadSeeds(context));
}

/**
 * Creates the first admin of a tenant with the seed module that can do it.
 *
 * @throws FleetError `usage` for an invalid address or password; `config` unless exactly one service can do it
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

/** Removes the first admin of a tenant, if the seed module can do that. */
export async function removeAdmin(locked: LockedTenant, email: string): Promise<void> {
  const { service, seed } = adminSeed(await loadSeeds(locked.context));
  await inService(locked, service, (session) =>
    session.drizzle(async (db) => seed.removeAdminUser?.(db, { email })),
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

function refuseInvalidAdmin(email: string, password: string | undefined): void {
  if (!/^[^\s@]+@[^\s@]+$/.test(email))
    throw new FleetError("usage", "the admin's address is not a valid email address", {
      remedy: "Use the form name@example.com.",
    });
  if (password === undefined) return;
  // Implementations of bcrypt in C end a password at a NUL byte.
  refuseUnsendable("the admin's password", password);
  const bytes = Buffer.byteLength(password);
  if (bytes >= 8 && bytes <= longestPassword) return;
  throw new FleetError("usage", `the admin's password is ${counted(bytes, "byte")} long`, {
    remedy: `Choose a password of 8 to ${longestPassword} bytes: bcrypt ignores the rest of a longer one.`,
  });
}
