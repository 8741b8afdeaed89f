import type { Command } from "commander";
import { FleetError } from "../../core/errors.ts";
import { type Plan, targetsOf } from "../../core/plan.ts";
import type { StampRequest } from "../../operations/stamp.ts";
import type { Wording } from "../../report/migrate.ts";
import { createContext } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { exitCodesOfRollout, groups } from "../help/sections.ts";
import { addRolloutReport, type ReportOptions } from "../options/rollout.ts";
import { addSelection, type SelectionOptions, selectionOf } from "../options/selection.ts";
import { printText } from "../output.ts";
import { askYes, canAsk } from "../prompt.ts";
import { printRollout, rolloutExitCode, rolloutObserver } from "../rollout.ts";
import { newVerb, type Verb } from "../verb.ts";
import { printPlan } from "./plan-output.ts";

interface StampOptions extends SelectionOptions, ReportOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly fromDrizzle?: boolean;
  readonly drizzleTable?: string;
  readonly drizzleSchema?: string;
  readonly acceptEdited?: boolean;
  readonly contract?: boolean;
}

export function stampVerb(): Verb {
  const command = newVerb("stamp", {
    summary: "record migrations as applied, without running them",
    details: `
Afterwards each ledger contains exactly the migrations up to the given one. Entries of other, edited or unfinished
migrations are replaced or removed. stamp does not check that the tables exist. If you give a tag and the fleet has
several services, name one of them.

--from-drizzle reads the table in the tenant schema, or else in --drizzle-schema; both names can contain {tenant}. It
matches the rows with the migration files by name or hash, even if your own migration loop replaced the schema in the
SQL. It reports each target that does not match, and what to do next.`,
    examples: [
      ["see what stamp would record", "npx drizzle-fleet stamp head --dry-run"],
      ["record every migration as applied", "npx drizzle-fleet stamp head"],
      [
        "record migrations up to a tag for one tenant",
        "npx drizzle-fleet stamp 0003_add_avatar auth --tenant acme",
      ],
      ["empty a ledger", "npx drizzle-fleet stamp base --tenant acme"],
      ["record what drizzle-orm has applied", "npx drizzle-fleet stamp --from-drizzle"],
    ],
    environment: ["TENANTS"],
    exitCodes: exitCodesOfRollout,
    page: "existing-projects.md",
  }).argument("[to]", "head, the tag of the last migration to record, or base to record none");
  command
    .optionsGroup(groups.options)
    .option("--dry-run", "show what would be recorded")
    .option("--contract", "also record contracts; otherwise only those already recorded stay")
    .option("-y, --yes", "do not ask for confirmation")
    .optionsGroup("drizzle-orm:")
    .option("--from-drizzle", "record what drizzle-orm or drizzle-multitenant applied")
    .option("--drizzle-table <table>", "its table (default: __drizzle_migrations)")
    .option(
      "--drizzle-schema <schema>",
      "schema of that table if the tenant schema has none (default: drizzle)",
    )
    .option("--accept-edited", "also record migrations whose files were edited later");
  return { command: addRolloutReport(addSelection(command)), run: runStamp };
}

async function runStamp(
  first: string | undefined,
  last: string[],
  given: StampOptions,
  command: Command,
): Promise<ExitCode> {
  const { to, options } = argumentsOf(first, last, given);
  const misuse = misuseOf(to, options);
  if (misuse !== undefined) command.error(`error: ${misuse}`);
  const context = await createContext(options, "end");
  const request: StampRequest = { ...selectionOf(options), goal: await goalOf(to, options) };
  const { planStamp, stamp } = await import("../../operations/stamp.ts");
  if (options.dryRun === true)
    return printPlan(await planStamp(context, request), options, planWording);
  const confirm = async (plan: Plan) => options.yes === true || (await confirmPlan(plan));
  const result = await stamp(context, request, confirm, await rolloutObserver(options));
  const denied = result.outcomes.length === 0 && targetsOf(result.plan).length > 0;
  if (denied && options.json !== true) await printText("Nothing was changed.");
  else await printRollout({ ...result, again: await againOf(request, to) }, options, stampWording);
  return rolloutExitCode(result);
}

const planWording = { todo: "write for", idle: "up to date", unit: "ledger" };

/** How the result of a stamp is worded. */
export const stampWording: Wording = {
  done: "stamped",
  idle: "up to date",
  each: "written",
  unit: "ledger",
};

/** With --from-drizzle there is no migration to name: the first argument is a service, too. */
function argumentsOf(
  to: string | undefined,
  services: readonly string[],
  options: StampOptions,
): { to: string | undefined; options: StampOptions } {
  if (options.fromDrizzle !== true || to === undefined || to === "head" || to === "base")
    return { to, options };
  return { to: undefined, options: { ...options, service: [to, ...services] } };
}

function misuseOf(to: string | undefined, options: StampOptions): string | undefined {
  const { fromDrizzle = false, drizzleTable, drizzleSchema, acceptEdited } = options;
  if (options.contract === true && (fromDrizzle || to === "base"))
    return "--contract requires head or a tag";
  if (fromDrizzle === (to !== undefined)) return "give one of head, a tag, base, or --from-drizzle";
  const named = drizzleTable ?? drizzleSchema ?? acceptEdited;
  return named !== undefined && !fromDrizzle
    ? "--drizzle-table, --drizzle-schema and --accept-edited require --from-drizzle"
    : undefined;
}

async function goalOf(
  to: string | undefined,
  { drizzleTable, drizzleSchema, acceptEdited = false, contract = false }: StampOptions,
): Promise<StampRequest["goal"]> {
  if (to === "base") return { base: true };
  const more = contract ? { contract } : {};
  if (to !== undefined) return to === "head" ? { head: true, ...more } : { tag: to, ...more };
  const { defaultSource } = await import("../../fleet/import-drizzle.ts");
  const { table, schema } = defaultSource;
  return {
    drizzle: { table: drizzleTable ?? table, schema: drizzleSchema ?? schema, acceptEdited },
  };
}

/** The command that completes the remaining targets. */
async function againOf({ goal }: StampRequest, to = ""): Promise<string> {
  const { importCommand } = await import("../../fleet/import-drizzle.ts");
  if ("drizzle" in goal) return importCommand(goal.drizzle);
  const more = "contract" in goal && goal.contract === true ? " --contract" : "";
  return `npx drizzle-fleet stamp ${to}${more}`;
}

async function confirmPlan(plan: Plan): Promise<boolean> {
  if (!canAsk())
    throw new FleetError("usage", "stamp needs confirmation, but there is no terminal", {
      remedy:
        "Nothing was changed. Run the same command with --dry-run to see the plan, then with --yes to record it.",
    });
  const { planText } = await import("../../report/plan.ts");
  await printText(planText(plan, planWording), process.stderr);
  return askYes("Record these migrations as applied, without running them?");
}
