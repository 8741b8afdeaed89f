import { Command } from "commander";
import { FleetError } from "../../core/errors.ts";
import type { Plan } from "../../core/plan.ts";
import type { StampRequest } from "../../operations/stamp.ts";
import type { Wording } from "../../report/migrate.ts";
import {
  addSelectionOptions,
  createContext,
  type Finish,
  type SelectionOptions,
  selectionOf,
  wasInterrupted,
} from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { footer } from "../help.ts";
import { printJson, printText, writeEvent, writeLine } from "../output.ts";
import { askYes, canAsk } from "../prompt.ts";

interface StampOptions extends SelectionOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly fromDrizzle?: boolean;
  readonly drizzleTable?: string;
  readonly drizzleSchema?: string;
  readonly acceptEdited?: boolean;
}

export function stampCommand(finish: Finish): Command {
  const to = "head, the tag of the last migration to record, or base for none";
  return addSelectionOptions(new Command("stamp").argument("[to]", to))
    .description("record migrations as applied, running nothing")
    .option("--from-drizzle", "instead: what drizzle-orm or drizzle-multitenant recorded")
    .option("--drizzle-table <name>", "its table (default: __drizzle_migrations)")
    .option("--drizzle-schema <name>", "where to look after the tenant schema (default: drizzle)")
    .option("--accept-edited", "also migrations whose file was edited since")
    .option("--dry-run", "show what would be recorded")
    .option("-y, --yes", "do not ask")
    .addHelpText(
      "after",
      footer(`
The ledger then says what you say, and nothing else: entries of other migrations, edited
or unfinished ones are replaced or removed. Nobody looks whether the tables are there.
With several services, a tag needs one of them named. --from-drizzle reads the table from the
tenant schema, else from --drizzle-schema; both names may hold {tenant}. Its rows are
matched with the files by name or hash, also where a loop of your own has put the
tenant's schema into the text; what does not fit is named, with the next step.`),
    )
    .action(
      async (first: string | undefined, last: string[], given: StampOptions, command: Command) => {
        const { to, options } = argumentsOf(first, last, given);
        const misuse = misuseOf(to, options);
        if (misuse !== undefined) command.error(`error: ${misuse}`);
        const context = await createContext(options, "ends");
        const request: StampRequest = { ...selectionOf(options), goal: await goalOf(to, options) };
        if (options.dryRun === true) {
          const { planStamp } = await import("../../operations/stamp.ts");
          return finish(await showPlan(await planStamp(context, request), options));
        }
        const { targetsOf } = await import("../../core/plan.ts");
        const { stamp } = await import("../../operations/stamp.ts");
        const { isDone, migrateText, summaryDocument } = await import("../../report/migrate.ts");
        const { showProgress } = await import("../../report/progress.ts");
        const observer = options.json === true ? writeEvent : showProgress(process.stderr);
        const confirm = async (plan: Plan) => options.yes === true || (await ask(plan));
        const result = await stamp(context, request, confirm, observer);
        const denied = result.outcomes.length === 0 && targetsOf(result.plan).length > 0;
        if (options.json === true) writeLine(summaryDocument(result));
        else if (denied) await printText("Nothing was changed.");
        else {
          const { importCommand } = await import("../../fleet/import-drizzle.ts");
          const { goal } = request;
          const again =
            "drizzle" in goal ? importCommand(goal.drizzle) : `drizzle-fleet stamp ${to}`;
          await printText(migrateText({ ...result, again }, stampWording));
        }
        if (wasInterrupted()) finish(exitCode.interrupted);
        else finish(isDone(result) ? exitCode.done : exitCode.failed);
      },
    );
}

const planWording = { todo: "write at", idle: "as wanted", unit: "ledger" };

/** How a stamp is spoken of at its end. */
export const stampWording: Wording = {
  done: "stamped",
  idle: "as wanted",
  each: "written",
  unit: "ledger",
};

/** With --from-drizzle the first argument is a service, too: there is nothing else that it could say. */
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
  if (fromDrizzle === (to !== undefined)) return "say head, a tag or base; or --from-drizzle";
  const named = drizzleTable ?? drizzleSchema ?? acceptEdited;
  return named !== undefined && !fromDrizzle
    ? "--drizzle-table, --drizzle-schema and --accept-edited need --from-drizzle"
    : undefined;
}

async function goalOf(
  to: string | undefined,
  { drizzleTable, drizzleSchema, acceptEdited = false }: StampOptions,
): Promise<StampRequest["goal"]> {
  if (to === "base") return { base: true };
  if (to !== undefined) return to === "head" ? { head: true } : { tag: to };
  const { defaultSource } = await import("../../fleet/import-drizzle.ts");
  const { table, schema } = defaultSource;
  return {
    drizzle: { table: drizzleTable ?? table, schema: drizzleSchema ?? schema, acceptEdited },
  };
}

async function showPlan(plan: Plan, { json }: StampOptions): Promise<number> {
  const { targetsOf } = await import("../../core/plan.ts");
  const { planText } = await import("../../report/plan.ts");
  if (json === true) printJson(plan);
  else await printText(planText(plan, planWording));
  const blocked = targetsOf(plan).some(({ problems }) => problems.length > 0);
  return blocked ? exitCode.failed : exitCode.done;
}

async function ask(plan: Plan): Promise<boolean> {
  if (!canAsk())
    throw new FleetError("usage", "there is no terminal to ask on", {
      remedy: "Look at stamp --dry-run, then run stamp --yes. Nothing was changed.",
    });
  const { planText } = await import("../../report/plan.ts");
  await printText(planText(plan, planWording), process.stderr);
  return askYes("Record these migrations as applied, without running them?");
}
