import { createContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit-codes.ts";
import { exitCodesOfTenant } from "../../help/sections.ts";
import { addCommonOptions, type CommonOptions } from "../../options/common.ts";
import { printResult } from "../../output.ts";
import { newVerb, type Verb } from "../../verb.ts";

export function restoreVerb(): Verb {
  const command = newVerb("restore", {
    summary: "migrate an archived tenant to head and reactivate it",
    examples: [
      ["reactivate a tenant", "npx drizzle-fleet tenants restore acme"],
      ["see which tenants are archived", "npx drizzle-fleet tenants list --status archived"],
    ],
    exitCodes: {
      ...exitCodesOfTenant,
      1: "a step failed (run the command again), a database is unreachable, or another run is in progress",
    },
    page: "tenants.md",
  }).argument("<tenant>", "id of the tenant");
  return { command: addCommonOptions(command), run: runRestore };
}

async function runRestore(tenant: string, options: CommonOptions): Promise<ExitCode> {
  const { restoreTenant } = await import("../../../operations/archive-tenant.ts");
  await restoreTenant(await createContext(options), { tenant });
  await printResult(options, { tenant, done: "restore" }, `Tenant ${tenant} is active.`);
  return exitCode.done;
}
