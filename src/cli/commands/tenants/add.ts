import { createContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit-codes.ts";
import { exitCodesOfTenant } from "../../help/sections.ts";
import { addCommonOptions } from "../../options/common.ts";
import { addNewTenantOptions, type NewTenantOptions, newTenantOf } from "../../options/tenant.ts";
import { printText, writeLine } from "../../output.ts";
import { newVerb, type Verb } from "../../verb.ts";
import { type AdminOptions, adminOf } from "./admin.ts";
import { onboardingObserver } from "./onboarding-progress.ts";

interface AddOptions extends NewTenantOptions, AdminOptions {
  readonly replay?: boolean;
}

export function addVerb(): Verb {
  const command = newVerb("add", {
    summary: "onboard a tenant: register, migrate, grant, seed and activate it",
    details: `
If a step fails, the previous steps are undone. If the command is killed, run it again: it continues where it stopped.`,
    examples: [
      ["onboard a tenant", "npx drizzle-fleet tenants add acme"],
      [
        "onboard it with an attribute for groups and queries",
        "npx drizzle-fleet tenants add acme --attribute plan=gold",
      ],
      [
        "onboard it with a first user, and type the password at the prompt",
        "npx drizzle-fleet tenants add acme --admin-email ada@example.com",
      ],
    ],
    environment: ["ADMIN_PASSWORD"],
    exitCodes: exitCodesOfTenant,
    page: "tenants.md",
  }).argument("<tenant>", "id of the new tenant");
  addNewTenantOptions(command)
    .option("--replay", "run every migration instead of starting from a baseline")
    .optionsGroup("First user:")
    .option("--admin-email <address>", "create the tenant's first user")
    .option("--admin-password-stdin", "read that user's password from standard input");
  return { command: addCommonOptions(command), run: runAdd };
}

async function runAdd(tenant: string, options: AddOptions): Promise<ExitCode> {
  const { addTenant } = await import("../../../operations/add-tenant.ts");
  const context = await createContext(options);
  const admin = await adminOf(options, context.environment);
  const request = {
    ...{ tenant, ...newTenantOf(options), replay: options.replay === true },
    ...(admin === undefined ? {} : { admin }),
  };
  const added = await addTenant(context, request, await onboardingObserver(options));
  if (options.json === true) writeLine({ type: "tenantAdded", ...added });
  else {
    await printText(`Tenant ${tenant} is active.`);
    const token = added.admin?.invitationToken;
    if (token !== undefined)
      await printText(`Invitation for ${added.admin?.email}, shown only once: ${token}`);
  }
  return exitCode.done;
}
