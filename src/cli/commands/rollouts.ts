import { Command } from "commander";
import {
  addCommonOptions,
  addDatabaseOption,
  type CommonOptions,
  createContext,
  type Finish,
} from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { numberOption } from "../options.ts";
import { printJson, printText } from "../output.ts";

interface RolloutsOptions extends CommonOptions {
  readonly database?: string[];
  readonly limit: number;
}

export function rolloutsCommand(finish: Finish): Command {
  return addDatabaseOption(addCommonOptions(new Command("rollouts")))
    .description("list the rollouts that were run, or show one with its failures")
    .argument("[id]", "a rollout's id, or its beginning")
    .option("--limit <number>", "list so many", numberOption, 20)
    .action(async (id: string | undefined, options: RolloutsOptions) => {
      const { listRollouts, showRollout } = await import("../../operations/rollouts.ts");
      const { rolloutsText, rolloutText } = await import("../../report/rollouts.ts");
      const context = await createContext(options);
      const databases = options.database ?? [];
      if (id === undefined) {
        const rollouts = await listRollouts(context, databases, options.limit);
        if (options.json === true) printJson({ rollouts });
        else await printText(rolloutsText(rollouts));
      } else {
        const rollout = await showRollout(context, databases, id);
        if (options.json === true) printJson(rollout);
        else await printText(rolloutText(rollout));
      }
      finish(exitCode.done);
    });
}
