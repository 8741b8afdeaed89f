import { createContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit-codes.ts";
import { exitCodesOfTenant } from "../../help/sections.ts";
import { addCommonOptions, type CommonOptions } from "../../options/common.ts";
import { printResult } from "../../output.ts";
import { newVerb, type Verb } from "../../verb.ts";

export function exportVerb(): Verb {
  const command = newVerb("export", {
    summary: "write a tenant's schemas, rows and ledgers to a file",
    details: "Only you can read the file. The tenant does not change.",
    examples: [
      ["export a tenant, compressed", "npx drizzle-fleet tenants export acme acme.ndjson.gz"],
      [
        "create a tenant from the file",
        "npx drizzle-fleet tenants import acme.ndjson.gz --as acme_copy",
      ],
    ],
    exitCodes: {
      ...exitCodesOfTenant,
      1: "a database is unreachable, or another run is in progress",
    },
    page: "tenants.md",
  })
    .argument("<tenant>", "id of the tenant")
    .argument("<file>", "new file to create; compressed if it ends in .gz");
  return { command: addCommonOptions(command), run: runExport };
}

async function runExport(tenant: string, file: string, options: CommonOptions): Promise<ExitCode> {
  const { exportTenant } = await import("../../../operations/export-tenant.ts");
  await exportTenant(await createContext(options), { tenant, file });
  const text = `Exported tenant ${tenant} to ${file}.`;
  await printResult(options, { tenant, file, done: "export" }, text);
  return exitCode.done;
}
