import { Option } from "commander";
import { tenantStatuses } from "../../../core/tenant.ts";
import { createContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit-codes.ts";
import { groups } from "../../help/sections.ts";
import { addCommonOptions, type CommonOptions } from "../../options/common.ts";
import { type Attributes, collectAttribute } from "../../options/values.ts";
import { printResult } from "../../output.ts";
import { newVerb, type Verb } from "../../verb.ts";

interface ListOptions extends CommonOptions {
  readonly status?: string[];
  readonly attribute?: Attributes;
}

export function listVerb(): Verb {
  const command = newVerb("list", {
    summary: "list tenants, their migrations, and schemas that belong to no tenant",
    examples: [
      ["list all tenants", "npx drizzle-fleet tenants list"],
      ["list archived tenants", "npx drizzle-fleet tenants list --status archived"],
      ["list tenants with an attribute", "npx drizzle-fleet tenants list --attribute plan=gold"],
    ],
    environment: ["TENANTS"],
    exitCodes: { 0: "the tenants are listed", 1: "a database is unreachable", 2: true, 130: true },
    page: "tenants.md",
  })
    .optionsGroup(groups.selection)
    .addOption(
      new Option("--status <status...>", "select by status (repeatable)").choices(tenantStatuses),
    )
    .option("--attribute <name=value>", "select by an attribute (repeatable)", collectAttribute);
  return { command: addCommonOptions(command), run: runList };
}

async function runList(options: ListOptions): Promise<ExitCode> {
  const { listTenants } = await import("../../../operations/list-tenants.ts");
  const { tenantsText } = await import("../../../report/tenants.ts");
  const { status: statuses = [], attribute: attributes = {} } = options;
  const context = await createContext(options, "end");
  const list = await listTenants(context, { statuses, attributes });
  await printResult(options, list, tenantsText(list));
  return exitCode.done;
}
