import { Command } from "commander";
import {
  addCommonOptions,
  addSelectionOptions,
  addServices,
  createContext,
  type Finish,
  type SelectionOptions,
  type ServiceOptions,
  selectionOf,
} from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { printJson, printText } from "../output.ts";

interface HistoryOptions extends SelectionOptions {
  readonly offline?: boolean;
}

export function historyCommand(finish: Finish): Command {
  return addSelectionOptions(new Command("history"))
    .description("list every migration, its way back, and how many targets stand at it")
    .option("--offline", "ask no database")
    .action(async (_: string[], options: HistoryOptions) => {
      const { history } = await import("../../operations/history.ts");
      const { historyText } = await import("../../report/history.ts");
      const context = await createContext(options, "ends");
      const histories = await history(context, selectionOf(options), options.offline === true);
      if (options.json === true) printJson(histories);
      else await printText(historyText(histories.entries, histories.atBase));
      finish(exitCode.done);
    });
}

export function headsCommand(finish: Finish): Command {
  return addServices(addCommonOptions(new Command("heads")))
    .description("show the newest migration of each service; two where branches are open")
    .action(async (_: string[], options: ServiceOptions) => {
      const { heads } = await import("../../operations/heads.ts");
      const { headsText } = await import("../../report/history.ts");
      const all = await heads(await createContext(options, "ends"), options.service ?? []);
      if (options.json === true) printJson({ services: all });
      else await printText(headsText(all));
      finish(exitCode.done);
    });
}
