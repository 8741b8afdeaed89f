import { FleetError } from "../../../core/errors.ts";
import type { Context } from "../../../fleet/context.ts";
import { createContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit-codes.ts";
import { exitCodesOfTenant, groups } from "../../help/sections.ts";
import { addCommonOptions } from "../../options/common.ts";
import { addNewTenantOptions, type NewTenantOptions, newTenantOf } from "../../options/tenant.ts";
import { printResult } from "../../output.ts";
import { newVerb, type Verb } from "../../verb.ts";

interface AdoptOptions extends NewTenantOptions {
  readonly all?: boolean;
}

export function adoptVerb(): Verb {
  const command = newVerb("adopt", {
    summary: "register tenants whose schemas already exist",
    examples: [
      ["see schemas that belong to no tenant", "npx drizzle-fleet tenants list"],
      ["register one tenant", "npx drizzle-fleet tenants adopt acme"],
      ["register all of them", "npx drizzle-fleet tenants adopt --all"],
    ],
    exitCodes: {
      ...exitCodesOfTenant,
      1: "a database is unreachable, or another run is in progress",
      2: "invalid usage or configuration; tenants named before the one in the error are registered",
    },
    page: "tenants.md",
  })
    .argument("[tenant...]", "ids of the tenants")
    .optionsGroup(groups.selection)
    .option("--all", "register a tenant for every schema that belongs to none");
  return { command: addCommonOptions(addNewTenantOptions(command)), run: runAdopt };
}

async function runAdopt(ids: string[], options: AdoptOptions): Promise<ExitCode> {
  const { adoptTenant } = await import("../../../operations/adopt-tenant.ts");
  const context = await createContext(options);
  const found = options.all === true ? await unregistered(context) : [];
  const tenants = [...new Set([...ids, ...found])];
  if (tenants.length === 0 && options.all !== true)
    throw new FleetError("usage", "tenants adopt needs a tenant id or --all", {
      remedy:
        "Name the tenants. To register every tenant whose schemas exist, run: npx drizzle-fleet tenants adopt --all",
    });
  for (const tenant of tenants) await adoptTenant(context, { tenant, ...newTenantOf(options) });
  await printResult(
    options,
    { adopted: tenants },
    tenants.length === 0
      ? "Every tenant schema with a ledger is already registered. For schemas without a ledger, see: npx drizzle-fleet stamp --help"
      : `Registered: ${tenants.join(", ")}.`,
  );
  return exitCode.done;
}

/** The ids of tenants that have schemas and are not registered. */
async function unregistered(context: Context): Promise<string[]> {
  const { listTenants } = await import("../../../operations/list-tenants.ts");
  const { orphans } = await listTenants(context, { statuses: [], attributes: {} });
  return orphans.map(({ tenant }) => tenant);
}
