import { FleetError } from "../../../core/errors.ts";
import type { Removal } from "../../../operations/remove-tenant.ts";
import { createContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit-codes.ts";
import { exitCodesOfTenant, groups } from "../../help/sections.ts";
import { addCommonOptions, type CommonOptions } from "../../options/common.ts";
import { printResult, printText } from "../../output.ts";
import { askLine, canAsk } from "../../prompt.ts";
import { newVerb, type Verb } from "../../verb.ts";

interface RemoveOptions extends CommonOptions {
  readonly yes?: boolean;
  readonly dump?: string;
}

export function removeVerb(): Verb {
  const command = newVerb("remove", {
    summary: "permanently delete a tenant and all of its data",
    details: `
With --dump, remove exports the tenant and rehearses the import of the file before it deletes anything. tenants import
creates the tenant again from the file.`,
    examples: [
      [
        "delete a tenant, and keep it as a file",
        "npx drizzle-fleet tenants remove acme --dump acme.ndjson.gz",
      ],
      ["delete a tenant, and type its id to confirm", "npx drizzle-fleet tenants remove acme"],
      ["delete without confirmation", "npx drizzle-fleet tenants remove acme --yes"],
    ],
    exitCodes: {
      ...exitCodesOfTenant,
      1: "the deletion is incomplete, a database is unreachable, or another run is in progress",
    },
    page: "tenants.md",
  })
    .argument("<tenant>", "id of the tenant")
    .optionsGroup(groups.options)
    .option("-y, --yes", "do not ask for confirmation")
    .option("--dump <file>", "export to a new file first; compressed if it ends in .gz");
  return { command: addCommonOptions(command), run: runRemove };
}

async function runRemove(tenant: string, options: RemoveOptions): Promise<ExitCode> {
  const { planRemoval, removeTenant } = await import("../../../operations/remove-tenant.ts");
  const context = await createContext(options);
  if (options.yes !== true) await confirm(tenant, await planRemoval(context, { tenant }));
  const { dump } = options;
  await removeTenant(context, { tenant, ...(dump === undefined ? {} : { dump }) });
  const kept = dump === undefined ? "" : `; its data is in ${dump}`;
  await printResult(options, { tenant, done: "remove" }, `Tenant ${tenant} is deleted${kept}.`);
  return exitCode.done;
}

async function confirm(tenant: string, { status, schemas }: Removal): Promise<void> {
  if (!canAsk())
    throw new FleetError("usage", "tenants remove needs confirmation, but there is no terminal", {
      remedy:
        "Nothing was changed. To permanently delete all data of the tenant, run the same command with --yes.",
    });
  const { shortList } = await import("../../../core/count.ts");
  const where = schemas.length === 0 ? "it has no schemas" : shortList(schemas);
  await printText(
    `This permanently deletes all data of tenant ${tenant} (${status}): ${where}.`,
    process.stderr,
  );
  if ((await askLine("Type its id to confirm: ")) === tenant) return;
  throw new FleetError("usage", `the id you typed is not ${tenant}`, {
    remedy: `Nothing was changed. Run the same command again, and type ${tenant} exactly.`,
  });
}
