import { createContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit-codes.ts";
import { exitCodesOfTenant } from "../../help/sections.ts";
import { addCommonOptions, type CommonOptions } from "../../options/common.ts";
import { printResult } from "../../output.ts";
import { newVerb, type Verb } from "../../verb.ts";

export function renameVerb(): Verb {
  const command = newVerb("rename", {
    summary: "change a tenant's id and the names of its schemas",
    details: `
Programs then find the tenant only by its new id. If the command is killed, run it again, or rename the tenant back.`,
    examples: [["rename a tenant", "npx drizzle-fleet tenants rename acme acme_corp"]],
    exitCodes: exitCodesOfTenant,
    page: "tenants.md",
  })
    .argument("<tenant>", "id of the tenant")
    .argument("<new-tenant>", "its new id");
  return { command: addCommonOptions(command), run: runRename };
}

async function runRename(tenant: string, to: string, options: CommonOptions): Promise<ExitCode> {
  const { renameTenant } = await import("../../../operations/rename-tenant.ts");
  await renameTenant(await createContext(options), { tenant, to });
  const text = `Tenant ${tenant} is now ${to}.`;
  await printResult(options, { tenant, to, done: "rename" }, text);
  return exitCode.done;
}
