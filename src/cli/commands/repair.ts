import { Command } from "commander";
import { FleetError } from "../../core/errors.ts";
import type { EditedMigration } from "../../operations/repair.ts";
import {
  addSelectionOptions,
  createContext,
  type Finish,
  type SelectionOptions,
  selectionOf,
  wasInterrupted,
} from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { footer } from "../help.ts";
import { printText, writeEvent, writeLine } from "../output.ts";
import { askYes, canAsk } from "../prompt.ts";

interface RepairOptions extends SelectionOptions {
  readonly yes?: boolean;
}

export function repairCommand(finish: Finish): Command {
  return addSelectionOptions(new Command("repair"))
    .description("accept edited migrations as they are on disk, running nothing")
    .option("-y, --yes", "do not ask")
    .addHelpText(
      "after",
      footer(`
Right for edits that leave the schema as it is: comments, spaces, line ends. For any
other, restore the file and put the change into a new migration.`),
    )
    .action(async (_: string[], options: RepairOptions) => {
      const { repair } = await import("../../operations/repair.ts");
      const { isDone, summaryDocument } = await import("../../report/migrate.ts");
      const { showProgress } = await import("../../report/progress.ts");
      const { editedText, repairText } = await import("../../report/repair.ts");
      const json = options.json === true;
      const confirm = async (edited: readonly EditedMigration[]): Promise<boolean> => {
        if (json) writeLine({ type: "edited", edited });
        else await printText(editedText(edited));
        return options.yes === true || (await ask());
      };
      const observer = json ? writeEvent : showProgress(process.stderr);
      const context = await createContext(options, "ends");
      const result = await repair(context, selectionOf(options), confirm, observer);
      if (json) writeLine(summaryDocument(result));
      else if (result.edited.length === 0) await printText("No applied migration was edited.");
      else if (result.outcomes.length === 0) await printText("Nothing was changed.");
      else await printText(repairText(result.outcomes));
      if (wasInterrupted()) finish(exitCode.interrupted);
      else finish(isDone(result) ? exitCode.done : exitCode.failed);
    });
}

/** Asks on the terminal; anything but yes is no. */
async function ask(): Promise<boolean> {
  if (!canAsk())
    throw new FleetError("usage", "there is no terminal to ask on", {
      remedy: "Read what was edited, then run repair --yes. Nothing was changed.",
    });
  return askYes("Accept these files as what was applied?");
}
