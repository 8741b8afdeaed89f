import { Command } from "commander";
import { isUnusable } from "../../core/plan.ts";
import {
  addSelectionOptions,
  createContext,
  type Finish,
  type SelectionOptions,
  selectionOf,
} from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { printJson, printText } from "../output.ts";

interface StatusOptions extends SelectionOptions {
  readonly behind?: boolean;
}

export function statusCommand(finish: Finish): Command {
  return addSelectionOptions(new Command("status").alias("current"))
    .description("show where every tenant of every service stands")
    .option("--behind", "list only what is not at head, or has a problem")
    .action(async (_: string[], options: StatusOptions) => {
      const { status } = await import("../../operations/status.ts");
      const { isAtHead, statusText, worstFirst } = await import("../../report/status.ts");
      const targets = await status(await createContext(options, "ends"), selectionOf(options));
      const onlyBehind = options.behind === true;
      if (options.json === true) {
        const listed = worstFirst(targets).filter((one) => !onlyBehind || !isAtHead(one));
        printJson({
          targets: listed.map((one) => ({
            ...one.target,
            current: one.current ?? null,
            head: one.head ?? null,
            pending: isUnusable(one) ? null : one.pending,
            problems: one.problems,
          })),
          atHead: targets.filter(isAtHead).length,
        });
      } else await printText(statusText(targets, onlyBehind));
      finish(targets.some(isUnusable) ? exitCode.failed : exitCode.done);
    });
}
