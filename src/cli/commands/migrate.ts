import { Command } from "commander";
import type { Observer } from "../../core/events.ts";
import {
  addSelectionOptions,
  createContext,
  type Finish,
  type SelectionOptions,
  selectionOf,
  wasInterrupted,
} from "../context.ts";
import { exitCode } from "../exit-codes.ts";

export function migrateCommand(finish: Finish): Command {
  return addSelectionOptions(new Command("migrate"))
    .description("bring every tenant of every service to head")
    .addHelpText(
      "after",
      `
With --json, standard output is one event per line, and last a summary.
TENANTS="a b c" in the environment replaces the configured tenants for one run.`,
    )
    .action(async (options: SelectionOptions) => {
      const { migrate } = await import("../../operations/migrate.ts");
      const { migrateText, summarize } = await import("../../report/migrate.ts");
      const { showProgress } = await import("../../report/progress.ts");
      const observer = options.json === true ? writeEvent : showProgress(process.stderr);
      const { outcomes } = await migrate(
        await createContext(options),
        selectionOf(options),
        observer,
      );
      const summary = summarize(outcomes);
      if (options.json === true)
        process.stdout.write(`${JSON.stringify({ type: "summary", ...summary })}\n`);
      else process.stdout.write(`${migrateText(outcomes, process.stdout)}\n`);
      if (wasInterrupted()) finish(exitCode.interrupted);
      else
        finish(
          summary.failed + summary.inDoubt + summary.notExecuted > 0
            ? exitCode.failed
            : exitCode.done,
        );
    });
}

const writeEvent: Observer = (event) => {
  process.stdout.write(`${JSON.stringify(event)}\n`);
};
