import { FleetError } from "../../core/errors.ts";
import { targetsOf } from "../../core/plan.ts";
import type { DowngradePlan, DowngradeRequest } from "../../operations/downgrade.ts";
import { createContext } from "../context.ts";
import { type ExitCode, exitCode } from "../exit-codes.ts";
import { exitCodesOfRollout, groups } from "../help/sections.ts";
import {
  addRolloutReport,
  addRunOptions,
  type RunOptions,
  runRequestOf,
} from "../options/rollout.ts";
import { addScriptOptions, type ScriptOptions, scriptOf } from "../options/script.ts";
import { printText } from "../output.ts";
import { printRollout, rolloutExitCode, rolloutObserver } from "../rollout.ts";
import { newVerb, type Verb } from "../verb.ts";
import { printPlan } from "./plan-output.ts";

interface DowngradeOptions extends RunOptions, ScriptOptions {
  readonly dryRun?: boolean;
  readonly allowDataLoss?: boolean;
}

export function downgradeVerb(): Verb {
  const command = newVerb("downgrade", {
    summary: "revert migrations by running their downs, newest first",
    details: `
A downgrade is a rollout like migrate: one transaction per migration and tenant, with the same waves, failure policy and
outcomes. downgrade reads every down before it changes the first target. If the fleet has several services, name one.`,
    examples: [
      ["revert the newest migration of a service", "npx drizzle-fleet downgrade -1 auth"],
      [
        "see what that would do, and which data would be lost",
        "npx drizzle-fleet downgrade -1 auth --dry-run",
      ],
      ["return to a migration", "npx drizzle-fleet downgrade 0003_add_avatar auth"],
      ["revert everything for one tenant", "npx drizzle-fleet downgrade base auth --tenant acme"],
      ["retry what failed", "npx drizzle-fleet downgrade 0003_add_avatar auth --failed"],
    ],
    environment: ["TENANTS"],
    exitCodes: exitCodesOfRollout,
    page: "migrations.md",
  })
    .argument("<to>", "-N to revert N migrations, a tag to return to, or base to revert all")
    .optionsGroup(groups.migrations)
    .option("--allow-data-loss", "also run downs that cannot restore all data")
    .option("--dry-run", "show the plan and change nothing");
  return { command: addRolloutReport(addScriptOptions(addRunOptions(command))), run: runDowngrade };
}

async function runDowngrade(to: string, _: string[], options: DowngradeOptions): Promise<ExitCode> {
  const script = scriptOf(options);
  const context = await createContext(options, "end");
  const request: DowngradeRequest = {
    ...runRequestOf(options, context.config.fleet),
    goal: goalOf(to),
    allowDataLoss: options.allowDataLoss === true,
  };
  const { downgrade, planDowngrade, scriptDowngrade } = await import(
    "../../operations/downgrade.ts"
  );
  if (script !== undefined) {
    await scriptDowngrade(context, request, script);
    return exitCode.done;
  }
  if (options.dryRun === true) return showPlan(await planDowngrade(context, request), options);
  const result = await downgrade(context, request, await rolloutObserver(options));
  await printRollout(result, options, {
    done: "downgraded",
    idle: "at the requested migration",
    each: "reverted",
    all: "To downgrade all of them, run: ",
  });
  if (options.json !== true && options.quiet !== true) {
    const { floorText } = await import("../../report/plan.ts");
    for (const line of floorText(targetsOf(result.plan))) await printText(line);
  }
  return rolloutExitCode(result);
}

async function showPlan(
  { plan, drops }: DowngradePlan,
  options: DowngradeOptions,
): Promise<ExitCode> {
  if (options.json !== true)
    for (const { tag, what } of drops)
      await printText(`Reverting ${tag} drops ${what} and its data.`);
  const document = { ...plan, drops };
  return printPlan(document, options, { todo: "revert on", idle: "without newer migrations" });
}

function goalOf(to: string): DowngradeRequest["goal"] {
  if (to === "base") return { base: true };
  const count = /^-(\d+)$/.exec(to)?.[1];
  if (count === undefined) return { tag: to };
  if (Number(count) > 0) return { count: Number(count) };
  throw new FleetError("usage", "downgrade -0 reverts nothing", {
    remedy: "Give a number of migrations, such as -1 for the newest one.",
  });
}
