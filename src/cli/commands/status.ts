import { Command } from "commander";
import { isUnknown } from "../../core/plan.ts";
import {
  addSelectionOptions,
  createContext,
  type Finish,
  type SelectionOptions,
  selectionOf,
} from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { printJson, printText } from "../output.ts";

export function statusCommand(finish: Finish): Command {
  return addSelectionOptions(new Command("status").alias("current"))
    .description("show where every tenant of every service stands")
    .action(async (_: string[], options: SelectionOptions) => {
      const { status } = await import("../../operations/status.ts");
      const { isAtHead, statusText } = await import("../../report/status.ts");
      const targets = await status(await createContext(options, "ends"), selectionOf(options));
      if (options.json === true) {
        printJson({
          targets: targets.map((one) => ({
            ...one.target,
            current: one.current ?? null,
            head: one.head ?? null,
            pending: isUnknown(one) ? null : one.pending,
            problems: one.problems,
          })),
          atHead: targets.filter(isAtHead).length,
        });
      } else await printText(statusText(targets));
      finish(targets.some(isUnknown) ? exitCode.failed : exitCode.done);
    });
}
