import { Command } from "commander";
import { packageVersion } from "../config/version.ts";
import { checkVerb } from "./commands/check.ts";
import { devVerb } from "./commands/dev.ts";
import { downgradeVerb } from "./commands/downgrade.ts";
import { driftVerb } from "./commands/drift.ts";
import { generateVerb } from "./commands/generate.ts";
import { headsVerb, historyVerb } from "./commands/history.ts";
import { initVerb } from "./commands/init.ts";
import { lintVerb } from "./commands/lint.ts";
import { mergeVerb } from "./commands/merge.ts";
import { migrateVerb, planVerb } from "./commands/migrate.ts";
import { preflightVerb } from "./commands/preflight.ts";
import { repairVerb } from "./commands/repair.ts";
import { rolloutsVerb } from "./commands/rollouts.ts";
import { stampVerb } from "./commands/stamp.ts";
import { statusVerb } from "./commands/status.ts";
import { tenantsVerbs } from "./commands/tenants/group.ts";
import { waitVerb } from "./commands/wait.ts";
import { addProgramHelp, groups } from "./help/sections.ts";
import { writeUsageOf } from "./output.ts";
import type { Verb, VerbGroup } from "./verb.ts";

/** Runs the verb that was called. */
export type Execute = (run: () => Promise<number>) => Promise<void>;

const verbsByGroup: Readonly<Record<string, readonly (() => Verb | VerbGroup)[]>> = {
  "Write migrations:": [generateVerb, checkVerb, lintVerb, mergeVerb],
  "Run migrations:": [migrateVerb, planVerb, preflightVerb, downgradeVerb, stampVerb, repairVerb],
  "Inspect the fleet:": [statusVerb, waitVerb, driftVerb, historyVerb, headsVerb, rolloutsVerb],
  "Tenants:": [tenantsVerbs],
  "Projects:": [initVerb, devVerb],
};

/** The command line: every verb, with its options and its help. */
export function programOf(execute: Execute): Command {
  const program = addProgramHelp(
    new Command("drizzle-fleet")
      .optionsGroup(groups.general)
      .version(packageVersion(), "-V, --version", "print the version"),
  );
  for (const [heading, verbs] of Object.entries(verbsByGroup)) {
    program.commandsGroup(heading);
    for (const verb of verbs) program.addCommand(commandOf(verb(), execute));
  }
  program.commandsGroup("Help:").helpCommand("help [command]", "show the help of a command");
  throwInsteadOfExit(program);
  writeUsageOf(program);
  return program;
}

function commandOf(verb: Verb | VerbGroup, execute: Execute): Command {
  if ("run" in verb) return verb.command.action((...given) => execute(() => verb.run(...given)));
  verb.command.helpCommand("help [command]", "show the help of a command");
  for (const one of verb.verbs)
    verb.command.addCommand(commandOf(one, execute), {
      isDefault: one.command.name() === verb.defaultVerb,
    });
  return verb.command;
}

/** Makes wrong usage and --help throw an error: commander would end the process. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride().showHelpAfterError("(run with --help for usage)");
  for (const below of command.commands) throwInsteadOfExit(below);
}
