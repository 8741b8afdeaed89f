import { Command } from "commander";
import type { Merged } from "../../operations/merge.ts";
import {
  addCommonOptions,
  addServices,
  createContext,
  type Finish,
  type ServiceOptions,
} from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { footer } from "../help.ts";
import { printJson, printText } from "../output.ts";

interface MergeOptions extends ServiceOptions {
  readonly offline?: boolean;
  readonly proof?: boolean;
  readonly database?: string;
}

/** A merge as programs read it. */
function asJson({ problems, ...merged }: Merged) {
  const shown = problems.map(({ code, message, where }) => ({ code, message, where }));
  return { ...merged, problems: shown };
}

export function mergeCommand(finish: Finish): Command {
  return addServices(addCommonOptions(new Command("merge")))
    .description("merge two branches that each added migrations, as git left them")
    .option("--offline", "do not ask the databases which migrations are applied")
    .option("--no-proof", "do not try the merged history on a server first")
    .option("--database <url>", "database to try it in, in scratch schemas (default: embedded)")
    .addHelpText(
      "after",
      footer(`
Leave git's conflict markers in the journal, the snapshots and checksums.json.
The younger branch gets the next numbers, unless a tenant has applied its
migrations. If tenants have applied both branches, both keep their names.`),
    )
    .action(async (_: string[], options: MergeOptions) => {
      const { merge } = await import("../../operations/merge.ts");
      const { mergedText } = await import("../../report/merge.ts");
      const { proof, database, offline, service: services = [] } = options;
      const merged = await merge(await createContext(options, "ends"), services, offline === true, {
        proof: proof !== false,
        database,
      });
      if (options.json === true) printJson({ merged: merged.map(asJson) });
      else await printText(mergedText(merged));
      finish(exitCode.done);
    });
}
