import { Command } from "commander";
import { FleetError } from "../../core/errors.ts";
import type { DowngradeRequest } from "../../operations/downgrade.ts";
import { createContext, type Finish, wasInterrupted } from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { footer } from "../help.ts";
import {
  addOfflineOptions,
  addRunOptions,
  type OfflineOptions,
  offlineOf,
  type RunCommandOptions,
  runRequestOf,
} from "../options.ts";
import { printJson, printText, writeEvent, writeLine } from "../output.ts";

interface DowngradeOptions extends RunCommandOptions, OfflineOptions {
  readonly dryRun?: boolean;
  readonly allowDataLoss?: boolean;
}

export function downgradeCommand(finish: Finish): Command {
  const to = "-N to revert N migrations, a tag to return to, or base";
  return addOfflineOptions(addRunOptions(new Command("downgrade").argument("<to>", to)))
    .description("take migrations back by their downs, the newest one first")
    .option("--allow-data-loss", "also run downs that cannot bring everything back")
    .option("--dry-run", "show the plan and change nothing")
    .addHelpText(
      "after",
      footer(`
With several services, name one. Waves, outcomes and --json are as
for migrate. Every down is read before the first target is touched.
--sql changes nothing: psql runs what it writes. Such a run is not among the rollouts.`),
    )
    .action(async (to: string, _: string[], options: DowngradeOptions) => {
      const { downgrade, planDowngrade } = await import("../../operations/downgrade.ts");
      const offline = offlineOf(options);
      const context = await createContext(options, "ends");
      const request: DowngradeRequest = {
        ...runRequestOf(options, context.config.fleet),
        goal: goalOf(to),
        allowDataLoss: options.allowDataLoss === true,
      };
      if (offline !== undefined) {
        const { scriptDowngrade } = await import("../../operations/downgrade.ts");
        return scriptDowngrade(context, request, offline);
      }
      if (options.dryRun === true) {
        const { planText } = await import("../../report/plan.ts");
        const { targetsOf } = await import("../../core/plan.ts");
        const { plan, drops } = await planDowngrade(context, request);
        if (options.json === true) printJson({ ...plan, drops });
        else {
          for (const { tag, what } of drops) await printText(`${tag}: ${what} goes, with its data`);
          await printText(planText(plan, { todo: "take back from", idle: "have nothing newer" }));
        }
        const blocked = targetsOf(plan).some(({ problems }) => problems.length > 0);
        return finish(blocked ? exitCode.failed : exitCode.done);
      }
      const { isDone, migrateText, summaryDocument } = await import("../../report/migrate.ts");
      const { showProgress } = await import("../../report/progress.ts");
      const observer = options.json === true ? writeEvent : showProgress(process.stderr);
      const result = await downgrade(context, request, observer);
      const wording = {
        done: "downgraded",
        idle: "as wanted",
        each: "taken back",
      };
      if (options.json === true) writeLine(summaryDocument(result));
      else await printText(migrateText(result, wording));
      if (wasInterrupted()) finish(exitCode.interrupted);
      else finish(isDone(result) ? exitCode.done : exitCode.failed);
    });
}

function goalOf(to: string): DowngradeRequest["goal"] {
  if (to === "base") return { base: true };
  const count = /^-(\d+)$/.exec(to)?.[1];
  if (count === undefined) return { tag: to };
  if (Number(count) > 0) return { count: Number(count) };
  throw new FleetError("usage", "downgrade -0 takes nothing back", {
    remedy: "Say how many migrations: -1 for the newest one.",
  });
}
