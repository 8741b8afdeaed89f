import { createContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit-codes.ts";
import { exitCodesOfTenant } from "../../help/sections.ts";
import { addCommonOptions } from "../../options/common.ts";
import { addNewTenantOptions, type NewTenantOptions, newTenantOf } from "../../options/tenant.ts";
import { printText, writeLine } from "../../output.ts";
import { newVerb, type Verb } from "../../verb.ts";
import { onboardingObserver } from "./onboarding-progress.ts";

interface ImportOptions extends NewTenantOptions {
  readonly as?: string;
  readonly acceptUnproved?: boolean;
}

export function importVerb(): Verb {
  const command = newVerb("import", {
    summary: "create a tenant from an exported file",
    details: `
Before import runs anything, it checks the SQL in the file as it checks a migration: the SQL must stay in the tenant's
schemas. It does not check the rows or the ledger, so import only files whose source you trust.`,
    examples: [
      ["create the tenant that was exported", "npx drizzle-fleet tenants import acme.ndjson.gz"],
      [
        "create it with another id",
        "npx drizzle-fleet tenants import acme.ndjson.gz --as acme_copy",
      ],
      [
        "then apply migrations that the file does not contain",
        "npx drizzle-fleet migrate --tenant acme_copy",
      ],
    ],
    exitCodes: exitCodesOfTenant,
    page: "tenants.md",
  }).argument("<file>", "file that tenants export or remove --dump wrote");
  addNewTenantOptions(command)
    .option("--as <tenant>", "id of the new tenant (default: the id in the file)")
    .option(
      "--accept-unproved",
      "accept functions that cannot be proved to stay in the tenant's schemas",
    );
  return { command: addCommonOptions(command), run: runImport };
}

async function runImport(file: string, options: ImportOptions): Promise<ExitCode> {
  const { importTenant } = await import("../../../operations/import-tenant.ts");
  const context = await createContext(options);
  const request = {
    ...{ file, ...newTenantOf(options), acceptUnproved: options.acceptUnproved === true },
    ...(options.as === undefined ? {} : { tenant: options.as }),
  };
  const tenant = await importTenant(context, request, await onboardingObserver(options));
  if (options.json === true) writeLine({ type: "tenantImported", tenant, file });
  else
    await printText(
      `Tenant ${tenant} is active, with the migrations that the file contains.\n-> To see its pending migrations, run: npx drizzle-fleet status --tenant ${tenant}`,
    );
  return exitCode.done;
}
