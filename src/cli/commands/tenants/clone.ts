import { Option } from "commander";
import { createContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit-codes.ts";
import { exitCodesOfTenant, groups } from "../../help/sections.ts";
import { addCommonOptions, type CommonOptions } from "../../options/common.ts";
import { addAttributeOption } from "../../options/tenant.ts";
import type { Attributes } from "../../options/values.ts";
import { printText, writeLine } from "../../output.ts";
import { newVerb, type Verb } from "../../verb.ts";
import { onboardingObserver } from "./onboarding-progress.ts";

interface CloneOptions extends CommonOptions {
  readonly attribute?: Attributes;
  readonly schemaOnly?: boolean;
}

export function cloneVerb(): Verb {
  const command = newVerb("clone", {
    summary: "create a tenant as a copy of another one, in the same databases",
    details: "clone copies structure, rows, ledgers and attributes. Seeds do not run.",
    examples: [
      ["copy a tenant with its rows", "npx drizzle-fleet tenants clone acme acme_test"],
      [
        "copy its tables without rows",
        "npx drizzle-fleet tenants clone acme staging --schema-only",
      ],
    ],
    exitCodes: exitCodesOfTenant,
    page: "tenants.md",
  })
    .argument("<tenant>", "id of the tenant to copy")
    .argument("<new-tenant>", "id of the copy")
    .optionsGroup(groups.options)
    .addOption(new Option("--with-data", "copy all rows (default)").conflicts("schemaOnly"))
    .option("--schema-only", "leave the tables empty");
  return { command: addCommonOptions(addAttributeOption(command)), run: runClone };
}

async function runClone(tenant: string, to: string, options: CloneOptions): Promise<ExitCode> {
  const { cloneTenant } = await import("../../../operations/clone-tenant.ts");
  const withData = options.schemaOnly !== true;
  const { attribute: attributes } = options;
  const request = { tenant, to, withData, ...(attributes === undefined ? {} : { attributes }) };
  const context = await createContext(options);
  await cloneTenant(context, request, await onboardingObserver(options));
  const rows = withData ? `with the data of ${tenant}` : "with empty tables";
  if (options.json === true) writeLine({ type: "tenantCloned", tenant, to, withData });
  else await printText(`Tenant ${to} is active, ${rows}.`);
  return exitCode.done;
}
