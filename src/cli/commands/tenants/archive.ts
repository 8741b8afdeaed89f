import { createContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit-codes.ts";
import { exitCodesOfTenant } from "../../help/sections.ts";
import { addCommonOptions, type CommonOptions } from "../../options/common.ts";
import { printResult } from "../../output.ts";
import { newVerb, type Verb } from "../../verb.ts";

export function archiveVerb(): Verb {
  const command = newVerb("archive", {
    summary: "keep a tenant's data, and revoke access to it",
    details: "Rollouts skip archived tenants. restore reverses this.",
    examples: [
      ["archive a tenant", "npx drizzle-fleet tenants archive acme"],
      ["reactivate it", "npx drizzle-fleet tenants restore acme"],
    ],
    exitCodes: {
      ...exitCodesOfTenant,
      1: "a step failed (run the command again), a database is unreachable, or another run is in progress",
    },
    page: "tenants.md",
  }).argument("<tenant>", "id of the tenant");
  return { command: addCommonOptions(command), run: runArchive };
}

async function runArchive(tenant: string, options: CommonOptions): Promise<ExitCode> {
  const { archiveTenant } = await import("../../../operations/archive-tenant.ts");
  await archiveTenant(await createContext(options), { tenant });
  await printResult(options, { tenant, done: "archive" }, `Tenant ${tenant} is archived.`);
  return exitCode.done;
}
