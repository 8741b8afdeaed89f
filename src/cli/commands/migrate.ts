import { Command } from "commander";
import { createContext, type Finish, wasInterrupted } from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { footer } from "../help.ts";
import {
  addOfflineOptions,
  addPlanOptions,
  addRolloutOptions,
  type OfflineOptions,
  offlineOf,
  type RolloutCommandOptions,
  requestOf,
} from "../options.ts";
import { printJson, printText, writeEvent, writeLine } from "../output.ts";

interface MigrateOptions extends RolloutCommandOptions, OfflineOptions {
  readonly dryRun?: boolean;
}

export function migrateCommand(finish: Finish): Command {
  return addOfflineOptions(addRolloutOptions(new Command("migrate")))
    .description("bring every tenant of every service to head")
    .option("--dry-run", "show the plan and change nothing (as the verb plan)")
    .addHelpText(
      "after",
      footer(`
With --json, standard output is one event per line, and last a summary.
TENANTS="a b c" in the environment replaces the configured tenants for one run.
A failure in the canary ends the rollout. --verify is a shell command that reads
{"rollout", "wave", "outcomes"}; when it fails, no further wave is begun.
--sql changes nothing: psql runs what it writes. Such a run is not among the rollouts.`),
    )
    .action(async (_: string[], options: MigrateOptions) => {
      const offline = offlineOf(options);
      if (offline !== undefined) {
        const { scriptMigration } = await import("../../operations/migrate.ts");
        const context = await createContext(options, "ends");
        return scriptMigration(context, requestOf(options, context.config.fleet), offline);
      }
      if (options.dryRun === true) return finish(await showPlan(options));
      const { migrate } = await import("../../operations/migrate.ts");
      const { isDone, migrateText, summaryDocument } = await import("../../report/migrate.ts");
      const { showProgress } = await import("../../report/progress.ts");
      const observer = options.json === true ? writeEvent : showProgress(process.stderr);
      const context = await createContext(options, "ends");
      const result = await migrate(context, requestOf(options, context.config.fleet), observer);
      if (options.json === true) writeLine(summaryDocument(result));
      else await printText(migrateText(result));
      if (wasInterrupted()) finish(exitCode.interrupted);
      else finish(isDone(result) ? exitCode.done : exitCode.failed);
    });
}

export function planCommand(finish: Finish): Command {
  return addPlanOptions(new Command("plan"))
    .description("show what migrate would do, and change nothing")
    .addHelpText(
      "after",
      footer(`
migrate --dry-run shows the same, and takes the options of a run, too.`),
    )
    .action(async (_: string[], options: RolloutCommandOptions) => finish(await showPlan(options)));
}

/** A plan that some target's problem stands in the way of is no success: `migrate` would fail there. */
async function showPlan(options: RolloutCommandOptions): Promise<number> {
  const { planMigration } = await import("../../operations/migrate.ts");
  const { planText } = await import("../../report/plan.ts");
  const { targetsOf } = await import("../../core/plan.ts");
  const context = await createContext(options, "ends");
  const plan = await planMigration(context, requestOf(options, context.config.fleet));
  if (options.json === true) printJson(plan);
  else await printText(planText(plan));
  const blocked = targetsOf(plan).some(({ problems }) => problems.length > 0);
  return blocked ? exitCode.failed : exitCode.done;
}
