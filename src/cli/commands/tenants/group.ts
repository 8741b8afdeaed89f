import type { Command } from "commander";
import { throwProblems } from "../../../core/errors.ts";
import { exitCodesOfTenant } from "../../help/sections.ts";
import { newVerb, type VerbGroup } from "../../verb.ts";
import { addVerb } from "./add.ts";
import { adoptVerb } from "./adopt.ts";
import { archiveVerb } from "./archive.ts";
import { cloneVerb } from "./clone.ts";
import { exportVerb } from "./export.ts";
import { grantVerb } from "./grant.ts";
import { importVerb } from "./import.ts";
import { listVerb } from "./list.ts";
import { removeVerb } from "./remove.ts";
import { renameVerb } from "./rename.ts";
import { restoreVerb } from "./restore.ts";
import { switchVerb } from "./switch.ts";

export function tenantsVerbs(): VerbGroup {
  const command = newVerb("tenants", {
    summary: "list, add, rename, clone, archive and remove tenants",
    details: `
Tenants are in the registry, a table in the database, unless drizzle.config.ts lists them. tenants without a command
is the same as tenants list.`,
    examples: [
      ["list the tenants", "npx drizzle-fleet tenants list"],
      ["onboard a tenant", "npx drizzle-fleet tenants add acme"],
      [
        "delete a tenant, and keep it as a file",
        "npx drizzle-fleet tenants remove acme --dump acme.ndjson.gz",
      ],
    ],
    exitCodes: exitCodesOfTenant,
    page: "tenants.md",
  })
    .helpOption("-h, --help", "show this help")
    .hook("preSubcommand", refuseUnknownVerb);
  return {
    command,
    verbs: [
      ...[listVerb(), addVerb(), adoptVerb(), renameVerb(), cloneVerb(), exportVerb()],
      ...[importVerb(), archiveVerb(), restoreVerb(), grantVerb(), removeVerb(), switchVerb()],
    ],
    defaultVerb: "list",
  };
}

/** Without this, commander would take a misspelled verb for an argument of the default verb. */
async function refuseUnknownVerb(tenants: Command): Promise<void> {
  const [word = "-"] = tenants.args;
  if (word.startsWith("-")) return;
  const { unknownNames } = await import("../../../tenants/targets.ts");
  const verbs = tenants.commands.map((command) => command.name());
  throwProblems(unknownNames("tenants command", [word], verbs), "unknown command");
}
