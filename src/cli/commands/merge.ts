import { Command } from "commander";
import { addCommonOptions, type CommonOptions, createContext, type Finish } from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { printJson, printText } from "../output.ts";

interface MergeOptions extends CommonOptions {
  readonly offline?: boolean;
}

export function mergeCommand(finish: Finish): Command {
  return addCommonOptions(new Command("merge"))
    .description("make one line of two branches that each added migrations, as git left them")
    .argument("[service...]", "services (default: all)")
    .option("--offline", "ask no database whether the migrations are applied somewhere")
    .addHelpText(
      "after",
      `
Leave git's conflict markers in the journal, the snapshots and checksums.json. The
younger branch gets the next numbers, unless something has applied its migrations.`,
    )
    .action(async (services: string[], options: MergeOptions) => {
      const { merge } = await import("../../operations/merge.ts");
      const { mergedText } = await import("../../report/merge.ts");
      const merged = await merge(await createContext(options), services, options.offline === true);
      if (options.json === true) printJson({ merged });
      else await printText(mergedText(merged));
      finish(exitCode.done);
    });
}
