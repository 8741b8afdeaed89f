import { Command } from "commander";
import type { Merged } from "../../operations/merge.ts";
import { addCommonOptions, type CommonOptions, createContext, type Finish } from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { printJson, printText } from "../output.ts";

interface MergeOptions extends CommonOptions {
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
  return addCommonOptions(new Command("merge"))
    .description("make one line of two branches that each added migrations, as git left them")
    .argument("[service...]", "services (default: all)")
    .option("--offline", "ask no tenant's database whether the migrations are applied somewhere")
    .option("--no-proof", "do not try on a server first whether the merged history runs")
    .option("--database <url>", "where to try it, in schemas of its own (default: embedded)")
    .addHelpText(
      "after",
      `
Leave git's conflict markers in the journal, the snapshots and checksums.json. The
younger branch gets the next numbers, unless something has applied its migrations.
Where both are applied somewhere, both keep their names.`,
    )
    .action(async (services: string[], options: MergeOptions) => {
      const { merge } = await import("../../operations/merge.ts");
      const { mergedText } = await import("../../report/merge.ts");
      const { proof, database, offline } = options;
      const merged = await merge(await createContext(options, "ends"), services, offline === true, {
        proof: proof !== false,
        database,
      });
      if (options.json === true) printJson({ merged: merged.map(asJson) });
      else await printText(mergedText(merged));
      finish(exitCode.done);
    });
}
