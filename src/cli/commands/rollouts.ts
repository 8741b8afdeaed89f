import type { FleetError } from "../../core/errors.ts";
import type { OnUnusable, Rollout } from "../../operations/rollouts.ts";
import { createContext } from "../context.ts";
import { type ExitCode, exitCode } from "../exit-codes.ts";
import { groups } from "../help/sections.ts";
import { addCommonOptions, type CommonOptions } from "../options/common.ts";
import { addDatabaseOption } from "../options/selection.ts";
import { countValue } from "../options/values.ts";
import { printResult, printText } from "../output.ts";
import { newVerb, type Verb } from "../verb.ts";

interface RolloutsOptions extends CommonOptions {
  readonly database?: string[];
  readonly limit: number;
}

export function rolloutsVerb(): Verb {
  const command = newVerb("rollouts", {
    summary: "list past rollouts, or show one with its failures",
    details:
      "Each database keeps the newest hundred rollouts. Runs that found nothing to do are not recorded.",
    examples: [
      ["list the newest rollouts", "npx drizzle-fleet rollouts"],
      ["show one with its failures", "npx drizzle-fleet rollouts 20261129-2246"],
      ["retry what failed", "npx drizzle-fleet migrate --failed"],
    ],
    exitCodes: { 0: "the rollouts are shown", 1: "a database is unreachable", 2: true, 130: true },
    page: "rollouts.md",
  }).argument("[id]", "id of the rollout to show, or the start of the id");
  addDatabaseOption(command)
    .optionsGroup(groups.output)
    .option("--limit <count>", "how many rollouts to list", countValue, 20);
  return { command: addCommonOptions(command), run: showRollouts };
}

async function showRollouts(id: string | undefined, options: RolloutsOptions): Promise<ExitCode> {
  const { errorText } = await import("../../report/errors.ts");
  const unusable: FleetError[] = [];
  const onUnusable = (error: FleetError) => void unusable.push(error);
  if (id === undefined) await showList(options, unusable, onUnusable);
  else await showOne(id, options, onUnusable);
  for (const error of unusable) await printText(`Incomplete: ${errorText(error)}`, process.stderr);
  return unusable.length === 0 ? exitCode.done : exitCode.failed;
}

/** The document of `rollouts --json`, newest rollout first. */
export interface RolloutsDocument {
  readonly rollouts: readonly Rollout[];
  /** The errors of the databases that could not be read. */
  readonly missing?: readonly string[];
}

async function showList(
  options: RolloutsOptions,
  unusable: readonly FleetError[],
  onUnusable: OnUnusable,
): Promise<void> {
  const { listRollouts } = await import("../../operations/rollouts.ts");
  const { rolloutsText } = await import("../../report/rollouts.ts");
  const { limit, database = [] } = options;
  const context = await createContext(options, "end");
  const rollouts = await listRollouts(context, database, limit, onUnusable);
  const missing = unusable.map(({ message }) => message);
  const document: RolloutsDocument = missing.length === 0 ? { rollouts } : { rollouts, missing };
  await printResult(options, document, rolloutsText(rollouts));
}

async function showOne(
  id: string,
  options: RolloutsOptions,
  onUnusable: OnUnusable,
): Promise<void> {
  const { showRollout } = await import("../../operations/rollouts.ts");
  const { rolloutText } = await import("../../report/rollouts.ts");
  const context = await createContext(options, "end");
  const rollout = await showRollout(context, options.database ?? [], id, onUnusable);
  await printResult(options, rollout, rolloutText(rollout));
}
