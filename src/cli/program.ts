import { Command } from "commander";
import { packageVersion } from "../config/version.ts";
import { checkCommand } from "./commands/check.ts";
import { devCommand } from "./commands/dev.ts";
import { downgradeCommand } from "./commands/downgrade.ts";
import { generateCommand } from "./commands/generate.ts";
import { headsCommand, historyCommand } from "./commands/history.ts";
import { initCommand } from "./commands/init.ts";
import { mergeCommand } from "./commands/merge.ts";
import { migrateCommand, planCommand } from "./commands/migrate.ts";
import { repairCommand } from "./commands/repair.ts";
import { rolloutsCommand } from "./commands/rollouts.ts";
import { stampCommand } from "./commands/stamp.ts";
import { statusCommand } from "./commands/status.ts";
import { tenantsCommand } from "./commands/tenants.ts";
import type { Finish } from "./context.ts";

/** The command line: every verb, with its options and its help. */
export function programOf(finish: Finish): Command {
  const program = new Command("drizzle-fleet")
    .description("Schema-per-tenant PostgreSQL migrations for Drizzle ORM.")
    .version(packageVersion())
    .showHelpAfterError("(run with --help for usage)")
    .exitOverride();
  const verbs = [
    generateCommand,
    checkCommand,
    mergeCommand,
    planCommand,
    migrateCommand,
    downgradeCommand,
    statusCommand,
    historyCommand,
    headsCommand,
    rolloutsCommand,
    repairCommand,
    stampCommand,
    tenantsCommand,
    devCommand,
    initCommand,
  ];
  for (const verb of verbs)
    program.addCommand(
      verb(finish).exitOverride().showHelpAfterError("(run with --help for usage)"),
    );
  return program;
}
