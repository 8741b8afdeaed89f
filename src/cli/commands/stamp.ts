import { Command } from "commander";
import { FleetError } from "../../core/errors.ts";
import type { Plan } from "../../core/plan.ts";
import type { StampRequest } from "../../operations/stamp.ts";
import {
  addSelectionOptions,
  createContext,
  type Finish,
  type SelectionOptions,
  selectionOf,
  wasInterrupted,
} from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { printJson, printText, writeEvent, writeLine } from "../output.ts";
import { askYes, canAsk } from "../prompt.ts";

interface StampOptions extends SelectionOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export function stampCommand(finish: Finish): Command {
  return addSelectionOptions(new Command("stamp"))
    .description("record migrations as applied, running nothing")
    .argument("<to>", "head, the tag of the last migration to record, or base for none")
    .option("--dry-run", "show what would be recorded")
    .option("-y, --yes", "do not ask")
    .addHelpText(
      "after",
      `
The ledger then says what you say, and nothing else: entries of other migrations, edited
or unfinished ones are replaced or removed. Nobody looks whether the tables are there.
With several services, a tag needs --service.`,
    )
    .action(async (to: string, options: StampOptions) => {
      refuseSilence(options);
      const context = await createContext(options);
      const request: StampRequest = { ...selectionOf(options), goal: goalOf(to) };
      if (options.dryRun === true) {
        const { planStamping } = await import("../../operations/stamp.ts");
        return finish(await showPlan(await planStamping(context, request), options));
      }
      const { stamp } = await import("../../operations/stamp.ts");
      const { isDone, migrateText, summaryDocument } = await import("../../report/migrate.ts");
      const { showProgress } = await import("../../report/progress.ts");
      const observer = options.json === true ? writeEvent : showProgress(process.stderr);
      const confirm = async (plan: Plan) => options.yes === true || (await ask(plan));
      const result = await stamp(context, request, confirm, observer);
      const denied = result.outcomes.length === 0 && result.plan.waves[0]?.targets.length !== 0;
      if (options.json === true) writeLine(summaryDocument(result));
      else
        await printText(
          denied ? "Nothing was changed." : migrateText(result, process.stdout, wording(to)),
        );
      if (wasInterrupted()) finish(exitCode.interrupted);
      else finish(isDone(result) ? exitCode.done : exitCode.failed);
    });
}

const planWording = { todo: "write at", idle: "as wanted", unit: "ledger" };

function wording(to: string) {
  return {
    done: "stamped",
    idle: "as wanted",
    each: "written",
    again: `drizzle-fleet stamp ${to}`,
    unit: "ledger",
  };
}

function goalOf(to: string): StampRequest["goal"] {
  if (to === "base") return { base: true };
  return to === "head" ? { head: true } : { tag: to };
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
  const { planText } = await import("../../report/plan.ts");
  await printText(planText(plan, planWording), process.stderr);
  return askYes("Record these migrations as applied, without running them?");
}

function refuseSilence({ yes, dryRun }: StampOptions): void {
  if (yes === true || dryRun === true || canAsk()) return;
  throw new FleetError("usage", "there is no terminal to ask on", {
    remedy: "Look at stamp --dry-run, then run stamp --yes. Nothing was changed.",
  });
}
