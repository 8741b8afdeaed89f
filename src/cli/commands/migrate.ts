import { type Plan, targetsOf } from "../../core/plan.ts";
import { createContext } from "../context.ts";
import { type ExitCode, exitCode } from "../exit-codes.ts";
import { exitCodesOfRollout, groups } from "../help/sections.ts";
import { addCommonOptions, addConnectTimeout } from "../options/common.ts";
import { addCheckOptions, type CheckOptions, checkOf } from "../options/preflight.ts";
import {
  addMigrationOptions,
  addPlanOptions,
  addRolloutReport,
  addRunOptions,
  given,
  type MigrationOptions,
  migrateRequestOf,
} from "../options/rollout.ts";
import { addScriptOptions, type ScriptOptions, scriptOf } from "../options/script.ts";
import { amountValue } from "../options/values.ts";
import { checkingObserver, printRollout, rolloutExitCode, rolloutObserver } from "../rollout.ts";
import { newVerb, type Verb } from "../verb.ts";
import { printPlan } from "./plan-output.ts";

interface MigrateOptions extends MigrationOptions, ScriptOptions, CheckOptions {
  readonly dryRun?: boolean;
}

export function migrateVerb(): Verb {
  const command = newVerb("migrate", {
    summary: "migrate every tenant of every service to head",
    details: `
Each migration runs in one transaction per tenant, together with its ledger entry. A failed target does not stop the
others, unless it is in the canary or you set a failure policy. drizzle.config.ts can contain defaults for waves,
failure policy, concurrency and timeouts.

A contract removes what code of an older release may still need. migrate leaves it out, and says so, until --contract
asks for it and the migration that it follows is applied in the target for long enough.

--verify reads {"rollout", "wave", "outcomes"} as JSON from standard input; if it fails, no further wave starts. With
--json, each line of standard output is an event, and the last one is a summary.

--sql writes a script to run with psql. Running the script is not recorded as a rollout.`,
    examples: [
      ["migrate every tenant", "npx drizzle-fleet migrate"],
      ["see what that would do", "npx drizzle-fleet plan"],
      ["migrate one service of one tenant", "npx drizzle-fleet migrate auth --tenant acme"],
      [
        "migrate five tenants first, then the others in waves",
        "npx drizzle-fleet migrate --canary 5 --wave 10% --soak 5m --max-failures 1%",
      ],
      [
        "check every tenant first, and leave out those that would fail",
        "npx drizzle-fleet migrate --preflight --failing skip",
      ],
      ["retry what failed", "npx drizzle-fleet migrate --failed"],
      ["also apply the contracts that are ripe", "npx drizzle-fleet migrate --contract"],
      [
        "write a script for psql without connecting",
        "npx drizzle-fleet migrate auth --sql --from 0003_add_avatar > release.sql",
      ],
    ],
    environment: ["TENANTS"],
    exitCodes: { ...exitCodesOfRollout, 3: "--preflight found a problem; nothing was applied" },
    page: "rollouts.md",
  });
  addMigrationOptions(command).option(
    "--dry-run",
    "show the plan and change nothing, as plan does",
  );
  addCheckOptions(addRunOptions(command))
    .optionsGroup(groups.failures)
    .option(
      "--accept-failures <count|percent>",
      "exit with 0 if no more targets than this fail",
      amountValue,
    );
  return { command: addRolloutReport(addScriptOptions(command)), run: runMigrate };
}

async function runMigrate(_: string[], options: MigrateOptions): Promise<ExitCode> {
  const script = scriptOf(options);
  if (script !== undefined) {
    const { scriptMigration } = await import("../../operations/migrate.ts");
    const context = await createContext(options, "end");
    await scriptMigration(context, migrateRequestOf(options, context.config.fleet), script);
    return exitCode.done;
  }
  if (options.dryRun === true) return showPlan(_, options);
  const { migrate } = await import("../../operations/migrate.ts");
  const check = checkOf(options);
  const observer =
    check === undefined ? await rolloutObserver(options) : await checkingObserver(options);
  const context = await createContext(options, "end");
  const request = {
    ...migrateRequestOf(options, context.config.fleet),
    ...given("preflight", check),
  };
  const result = await migrate(context, request, observer);
  const { heldIn } = await import("../../report/held.ts");
  const held = heldIn(targetsOf(result.plan));
  const heldAsked = options.contract === true;
  const ended = { ...result, held, heldAsked, ...(await acceptedBy(options, result.plan)) };
  await printRollout(ended, options);
  return rolloutExitCode(ended);
}

async function acceptedBy(
  { acceptFailures }: MigrateOptions,
  plan: Plan,
): Promise<{ readonly accepted?: number }> {
  if (acceptFailures === undefined) return {};
  const { amountOf } = await import("../../core/amount.ts");
  // A share of all selected targets, as `wait` counts: that of the targets with work shrinks from run to run.
  return { accepted: amountOf(acceptFailures, targetsOf(plan).length) };
}

export function planVerb(): Verb {
  const command = newVerb("plan", {
    summary: "show what migrate would do, and change nothing",
    details: `
plan shows each problem that would make a target fail, with its remedy. migrate --dry-run shows the same plan, and
accepts all options of migrate.`,
    examples: [
      ["plan a migration of every tenant", "npx drizzle-fleet plan"],
      ["plan waves", "npx drizzle-fleet plan --canary internal --wave 10%"],
      [
        "plan one tenant up to a migration",
        "npx drizzle-fleet plan auth --to 0003_add_avatar --tenant acme",
      ],
    ],
    environment: ["TENANTS"],
    exitCodes: {
      0: true,
      1: "a target's ledger is locked, or a database is unreachable",
      2: true,
      5: "a target has another problem",
      130: true,
    },
    page: "rollouts.md",
  });
  return {
    command: addCommonOptions(
      addConnectTimeout(addPlanOptions(addMigrationOptions(command), "migrate")),
    ),
    run: showPlan,
  };
}

/** A plan with a problem is a failure, because `migrate` would fail there. */
async function showPlan(_: string[], options: MigrationOptions): Promise<ExitCode> {
  const { planMigration } = await import("../../operations/migrate.ts");
  const context = await createContext(options, "end");
  const plan = await planMigration(context, migrateRequestOf(options, context.config.fleet));
  return printPlan(plan, options);
}
