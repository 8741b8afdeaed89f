import { Command } from "commander";
import type { FleetError } from "../../core/errors.ts";
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

/** Why a list is not whole. */
function missingOf(unusable: readonly FleetError[]): { readonly missing?: readonly string[] } {
  return unusable.length === 0 ? {} : { missing: unusable.map(({ message }) => message) };
}

export function rolloutsCommand(finish: Finish): Command {
  return addDatabaseOption(addCommonOptions(new Command("rollouts")))
    .description("list the rollouts that were run, or show one with its failures")
    .argument("[id]", "a rollout's id, or its beginning")
    .option("--limit <number>", "list so many", numberOption, 20)
    .action(async (id: string | undefined, options: RolloutsOptions) => {
      const { listRollouts, showRollout } = await import("../../operations/rollouts.ts");
      const { errorText } = await import("../../report/errors.ts");
      const { rolloutsText, rolloutText } = await import("../../report/rollouts.ts");
      const context = await createContext(options, "ends");
      const databases = options.database ?? [];
      const unusable: FleetError[] = [];
      const onUnusable = (error: FleetError) => void unusable.push(error);
      if (id === undefined) {
        const rollouts = await listRollouts(context, databases, options.limit, onUnusable);
        if (options.json === true) printJson({ rollouts, ...missingOf(unusable) });
        else await printText(rolloutsText(rollouts));
      } else {
        const rollout = await showRollout(context, databases, id, onUnusable);
        if (options.json === true) printJson(rollout);
        else await printText(rolloutText(rollout));
      }
      for (const error of unusable) await printText(`Missing: ${errorText(error)}`, process.stderr);
      finish(unusable.length === 0 ? exitCode.done : exitCode.failed);
    });
}
