import { relative } from "node:path";
import { Argument } from "commander";
import { FleetError } from "../../../core/errors.ts";
import { createContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit-codes.ts";
import { exitCodesOfTenant, groups } from "../../help/sections.ts";
import { addCommonOptions, type CommonOptions } from "../../options/common.ts";
import { collect } from "../../options/values.ts";
import { printJson, printText } from "../../output.ts";
import { newVerb, type Verb } from "../../verb.ts";

interface SwitchOptions extends CommonOptions {
  readonly forget?: string[];
  readonly dryRun?: boolean;
}

export function switchVerb(): Verb {
  const command = newVerb("switch", {
    summary: "move all tenants from the configuration to the registry, or back to a list",
    details: `
registry registers the tenants of the configuration with their attributes and databases, and tells you which line to
remove from it. list prints the lines to add to the configuration; archived tenants stay in the registry. Neither changes
the configuration or a schema.`,
    examples: [
      ["see what would be registered", "npx drizzle-fleet tenants switch registry --dry-run"],
      ["move the tenants to the registry", "npx drizzle-fleet tenants switch registry"],
      ["move them back to a list", "npx drizzle-fleet tenants switch list"],
    ],
    exitCodes: exitCodesOfTenant,
    page: "tenants.md",
  })
    .addArgument(new Argument("<to>", "where to keep the tenants").choices(["registry", "list"]))
    .optionsGroup(groups.options)
    .option(
      "--forget <tenant>",
      "remove from the registry an active tenant that is not in the configuration (repeatable)",
      collect,
    )
    .option("--dry-run", "show what would change");
  return { command: addCommonOptions(command), run: runSwitch };
}

async function runSwitch(to: "registry" | "list", options: SwitchOptions): Promise<ExitCode> {
  const { switchTenants } = await import("../../../operations/switch-tenants.ts");
  const { forget = [], dryRun = false } = options;
  if (to === "list" && forget.length > 0)
    throw new FleetError("usage", "--forget requires tenants switch registry", {
      remedy: "Nothing was changed. Omit --forget.",
    });
  const context = await createContext(options);
  const switched = await switchTenants(context, { to, forget, dryRun });
  const file = relative(process.cwd(), switched.file);
  if (options.json === true) printJson({ ...switched, file, dryRun });
  else {
    const { tenantLines } = await import("../../../config/render.ts");
    const { switchText } = await import("../../../report/tenants.ts");
    await printText(switchText(switched, file, tenantLines(switched.tenants), dryRun));
  }
  return exitCode.done;
}
