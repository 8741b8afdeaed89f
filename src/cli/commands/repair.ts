import { FleetError } from "../../core/errors.ts";
import type { EditedMigration, RepairResult } from "../../operations/repair.ts";
import { createContext } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { exitCodesOfRollout, groups } from "../help/sections.ts";
import { addRolloutReport, type ReportOptions } from "../options/rollout.ts";
import { addSelection, type SelectionOptions, selectionOf } from "../options/selection.ts";
import { printText, writeLine } from "../output.ts";
import { askYes, canAsk } from "../prompt.ts";
import { rolloutExitCode, rolloutObserver } from "../rollout.ts";
import { newVerb, type Verb } from "../verb.ts";

interface RepairOptions extends SelectionOptions, ReportOptions {
  readonly yes?: boolean;
}

export function repairVerb(): Verb {
  const command = newVerb("repair", {
    summary: "accept applied migrations that were edited, without running anything",
    details: `
repair records the checksums of the files on disk in the ledgers. Use it only for edits that do not change the schema:
comments, whitespace, line endings. Otherwise restore the file and write a new migration.`,
    examples: [
      ["see what was edited, and confirm", "npx drizzle-fleet repair"],
      ["accept the edits without confirmation", "npx drizzle-fleet repair auth --yes"],
    ],
    environment: ["TENANTS"],
    exitCodes: exitCodesOfRollout,
    page: "rollouts.md",
  });
  command.optionsGroup(groups.options).option("-y, --yes", "do not ask for confirmation");
  return { command: addRolloutReport(addSelection(command)), run: runRepair };
}

async function runRepair(_: string[], options: RepairOptions): Promise<ExitCode> {
  const { repair } = await import("../../operations/repair.ts");
  const observer = await rolloutObserver(options);
  const context = await createContext(options, "end");
  const confirm = (edited: readonly EditedMigration[]) => confirmEdited(edited, options);
  const result = await repair(context, selectionOf(options), confirm, observer);
  await print(result, options);
  return rolloutExitCode(result);
}

async function print(result: RepairResult, options: RepairOptions): Promise<void> {
  const { isDone, summaryDocument } = await import("../../report/migrate.ts");
  const { repairText } = await import("../../report/repair.ts");
  if (options.json === true) return writeLine(summaryDocument(result));
  if (options.quiet === true && isDone(result)) return;
  if (result.edited.length === 0) await printText("No applied migration was edited.");
  else if (result.outcomes.length === 0) await printText("Nothing was changed.");
  else await printText(repairText(result.outcomes));
}

async function confirmEdited(
  edited: readonly EditedMigration[],
  { json, yes, quiet }: RepairOptions,
): Promise<boolean> {
  const { editedText } = await import("../../report/repair.ts");
  const isAccepted = yes === true;
  if (json === true) writeLine({ type: "edited", edited });
  else if (quiet !== true || !isAccepted) await printText(editedText(edited));
  if (isAccepted) return true;
  if (!canAsk())
    throw new FleetError("usage", "repair needs confirmation, but there is no terminal", {
      remedy:
        "Nothing was changed. Review the edits. To accept them, run the same command with --yes.",
    });
  return askYes("Accept these edited migrations as applied?");
}
