import {
  type HeldContract,
  isUnusable,
  type LastComparison,
  type PlanProblem,
  type TargetStatus,
} from "../../core/plan.ts";
import type { Target } from "../../core/target.ts";
import { createContext } from "../context.ts";
import { type ExitCode, exitCode } from "../exit-codes.ts";
import { groups } from "../help/sections.ts";
import { addCommonOptions, addConnectTimeout, type ConnectingOptions } from "../options/common.ts";
import { addSelection, type SelectionOptions, selectionOf } from "../options/selection.ts";
import { printJson, printText } from "../output.ts";
import { newVerb, type Verb } from "../verb.ts";

interface StatusOptions extends SelectionOptions, ConnectingOptions {
  readonly behind?: boolean;
  readonly exitCode?: boolean;
}

export function statusVerb(): Verb {
  const command = newVerb("status", {
    summary: "show the current migration of every target",
    details: `
A target is one service of one tenant. Targets with a problem come first, then those behind head. If drift was run,
status shows what it found, and how long ago.`,
    examples: [
      ["show every target", "npx drizzle-fleet status"],
      ["list only targets that are not at head", "npx drizzle-fleet status --behind"],
      ["show one service of one tenant", "npx drizzle-fleet status auth --tenant acme"],
    ],
    environment: ["TENANTS"],
    exitCodes: {
      0: "every target was read",
      1: "a database is unreachable",
      2: true,
      3: "with --exit-code: a target is not at head or has a problem",
      130: true,
    },
    page: "migrations.md",
  }).alias("current");
  addSelection(command)
    .optionsGroup(groups.output)
    .option("--behind", "list only targets that are not at head or have a problem")
    .option("--exit-code", "exit with 3 if a target is not at head or has a problem");
  return { command: addCommonOptions(addConnectTimeout(command)), run: showStatus };
}

async function showStatus(_: string[], options: StatusOptions): Promise<ExitCode> {
  const { status } = await import("../../operations/status.ts");
  const { isAtHead, statusText } = await import("../../report/status.ts");
  const targets = await status(await createContext(options, "end"), selectionOf(options));
  const onlyBehind = options.behind === true;
  if (options.json === true) printJson(await documentOf(targets, onlyBehind));
  else await printText(statusText(targets, onlyBehind));
  if (targets.some(isUnusable)) return exitCode.failed;
  const isComplete = options.exitCode !== true || targets.every(isAtHead);
  return isComplete ? exitCode.done : exitCode.found;
}

/** The document of `status --json`. */
export interface StatusDocument {
  /** Targets with a problem first, then those that are behind. */
  readonly targets: readonly ShownTarget[];
  /** The number of targets at head, including those that `--behind` leaves out. */
  readonly atHead: number;
}

interface ShownTarget extends Target {
  /** The newest applied migration; null if there is none. */
  readonly current: string | null;
  /** The service's newest migration that is not held back; null if it has none. */
  readonly head: string | null;
  /** The number of missing migrations; null if the database cannot be used. */
  readonly pending: number | null;
  /** The contracts that are held back. */
  readonly held: readonly HeldContract[];
  readonly problems: readonly PlanProblem[];
  /** What `drift` found when it last compared the target; null if it has not. */
  readonly drift: LastComparison | null;
}

async function documentOf(
  targets: readonly TargetStatus[],
  onlyBehind: boolean,
): Promise<StatusDocument> {
  const { isAtHead, worstFirst } = await import("../../report/status.ts");
  const listed = worstFirst(targets).filter((one) => !onlyBehind || !isAtHead(one));
  return {
    targets: listed.map((one) => ({
      ...one.target,
      current: one.current ?? null,
      head: one.head ?? null,
      pending: isUnusable(one) ? null : one.pending,
      held: one.held ?? [],
      problems: one.problems,
      drift: one.drift ?? null,
    })),
    atHead: targets.filter(isAtHead).length,
  };
}
