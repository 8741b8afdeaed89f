import { type Command, Option } from "commander";
import { counted } from "../../core/count.ts";
import { FleetError } from "../../core/errors.ts";
import type { DriftRequest } from "../../drift/compare.ts";
import type { DriftResult } from "../../drift/result.ts";
import type { FixRequest, FixResult } from "../../operations/fix-drift.ts";
import type { Wording } from "../../report/migrate.ts";
import { createContext } from "../context.ts";
import { type ExitCode, exitCode } from "../exit-codes.ts";
import { groups } from "../help/sections.ts";
import {
  addPolicyOptions,
  addWaveOptions,
  given,
  type RunOptions,
  runRequestOf,
} from "../options/rollout.ts";
import { selectionOf } from "../options/selection.ts";
import { printText, writeLine, writeScriptPiece } from "../output.ts";
import { askYes, canAsk } from "../prompt.ts";
import { printRollout, rolloutExitCode, rolloutObserver } from "../rollout.ts";

/** Options of drift that repair. */
export interface FixOptions extends RunOptions {
  readonly against?: "expected" | "majority";
  readonly full?: boolean;
  readonly fix?: boolean;
  readonly allowDrops?: boolean;
  readonly yes?: boolean;
  readonly sql?: string | true;
}

/** Options that only make sense while targets are changed. */
const onlyWithFix = [
  ...["yes", "canary", "wave", "soak", "verify", "onError", "maxFailures", "concurrency"],
  ...["lockTimeout", "statementTimeout", "grace"],
] as const;

/** A repair is applied, and the target compared with what is expected. */
const wording: Wording = {
  done: "repaired",
  idle: "checked",
  each: "applied",
  unit: "repair",
};

/** Adds --fix, --sql and the options of a rollout. */
export function addFixOptions(command: Command): Command {
  command
    .optionsGroup(groups.repair)
    .option("--fix", "repair what differs, after showing the SQL and asking")
    .addOption(
      new Option(
        "--sql [folder]",
        "write the repairs as SQL for psql: to standard output, or to a file per target",
      ).conflicts(["fix", "json", "format"]),
    )
    .option("--allow-drops", "also remove what is not expected; tables and columns only if empty")
    .option("-y, --yes", "do not ask for confirmation");
  return addPolicyOptions(addWaveOptions(command));
}

/** What to compare. */
export function driftRequestOf(options: FixOptions): DriftRequest {
  const misused = onlyWithFix.find((name) => options[name] !== undefined);
  if (misused !== undefined && options.fix !== true)
    throw new FleetError("usage", `--${kebab(misused)} requires --fix`, {
      remedy: "Nothing was changed. Add --fix, or omit the option.",
    });
  return {
    ...selectionOf(options),
    ...given("against", options.against),
    ...given("full", options.full),
  };
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Repairs drift, or writes the SQL that does. */
export async function runFix(options: FixOptions): Promise<ExitCode> {
  const { fixDrift, scriptFixes } = await import("../../operations/fix-drift.ts");
  const request = driftRequestOf(options);
  const observer = await rolloutObserver(options);
  const context = await createContext(options, "end");
  const fix: FixRequest = {
    ...runRequestOf(options, context.config.fleet),
    ...request,
    ...given("allowDrops", options.allowDrops),
  };
  if (options.sql !== undefined) {
    const folder = options.sql === true ? {} : { folder: options.sql };
    const found = await scriptFixes(context, fix, { ...folder, write: writeScriptPiece });
    // Standard output is for the script.
    await show(found, process.stderr);
    return isClean(found) ? exitCode.done : exitCode.drift;
  }
  const result = await fixDrift(context, fix, (found) => confirmFix(found, options), observer);
  return report(result, options);
}

async function show(found: DriftResult, stream?: NodeJS.WriteStream): Promise<void> {
  const { driftText } = await import("../../report/drift.ts");
  await printText(driftText(found), stream);
}

async function confirmFix(found: DriftResult, { json, yes, quiet }: FixOptions): Promise<boolean> {
  if (json === true) writeLine({ type: "drift", ...found });
  else if (quiet !== true || yes !== true) await show(found);
  if (yes === true) return true;
  if (!canAsk())
    throw new FleetError("usage", "drift --fix needs confirmation, but there is no terminal", {
      remedy:
        "Nothing was changed. Review the SQL. To run it, run the same command again with --yes.",
    });
  const count = found.shapes.reduce(
    (sum, { repair, targets }) => sum + ((repair?.sql.length ?? 0) > 0 ? targets.length : 0),
    0,
  );
  return askYes(`Run this SQL in ${counted(count, "target")}?`);
}

/** What was changed, and what still differs. */
async function report(result: FixResult, options: FixOptions): Promise<ExitCode> {
  const { found, remaining, outcomes } = result;
  if (outcomes.length === 0) {
    if (options.json === true) writeLine({ type: "drift", ...found });
    else if (result.plan.waves.length === 0) await show(found);
    if (options.json !== true) await printText("Nothing was changed.");
    return isClean(found) ? exitCode.done : exitCode.drift;
  }
  const { remainingText } = await import("../../report/drift.ts");
  await printRollout(result, options, wording);
  if (options.json !== true) await printText(remainingText(remaining ?? []));
  const code = await rolloutExitCode(result);
  if (code !== exitCode.done) return code;
  const others = found.shapes.filter(({ repair }) => repair !== null && repair.sql.length === 0);
  const drifted = [...others, ...(remaining ?? [])].some(
    ({ differences }) => differences.length > 0,
  );
  return drifted ? exitCode.drift : exitCode.done;
}

/** True if every target that was compared is as expected, and every entry of drift.allow is needed. */
export function isClean({ shapes, allowances }: DriftResult): boolean {
  return allowances.length === 0 && shapes.every(({ differences }) => differences.length === 0);
}
