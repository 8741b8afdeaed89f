import type { Amount } from "../../core/amount.ts";
import type { PlanProblem } from "../../core/plan.ts";
import type { Target } from "../../core/target.ts";
import type { WaitResult } from "../../operations/wait.ts";
import { createContext } from "../context.ts";
import { type ExitCode, exitCode } from "../exit-codes.ts";
import { groups } from "../help/sections.ts";
import { wasInterrupted } from "../interruption.ts";
import { addCommonOptions } from "../options/common.ts";
import { given } from "../options/rollout.ts";
import { addSelection, type SelectionOptions, selectionOf } from "../options/selection.ts";
import { amountValue, durationValue } from "../options/values.ts";
import { printResult, writeNote } from "../output.ts";
import { newVerb, type Verb } from "../verb.ts";

interface WaitOptions extends SelectionOptions {
  readonly timeout?: number;
  readonly acceptFailures?: Amount;
}

/** How long to wait by default, in milliseconds. */
const defaultTimeout = 10 * 60_000;

/** How long one look may wait for a database, in milliseconds. */
const longestLook = 5_000;

export function waitVerb(): Verb {
  const command = newVerb("wait", {
    summary: "wait until every target has all migrations of this checkout",
    details: `
For an init container or a CI job that must not start before a rollout by another process has ended. It changes
nothing. Databases that cannot be reached and schemas that do not exist yet are waited for. A target that also has
newer migrations counts as ready.`,
    examples: [
      ["wait for every target", "npx drizzle-fleet wait"],
      [
        "wait at most five minutes, and accept that 1% of the targets are missing",
        "npx drizzle-fleet wait --timeout 5m --accept-failures 1%",
      ],
      ["wait for one service", "npx drizzle-fleet wait auth"],
    ],
    environment: ["TENANTS"],
    exitCodes: {
      0: "every target has all migrations",
      1: "the time has passed",
      2: true,
      130: true,
    },
    page: "rollouts.md",
  });
  addSelection(command)
    .optionsGroup(groups.limits)
    .option("--timeout <duration>", "how long to wait (default: 10m)", durationValue)
    .option(
      "--accept-failures <count|percent>",
      "end when no more targets than this are missing",
      amountValue,
    );
  return { command: addCommonOptions(command), run: runWait };
}

async function runWait(_: string[], options: WaitOptions): Promise<ExitCode> {
  const { waitForHead } = await import("../../operations/wait.ts");
  const { waitText } = await import("../../report/wait.ts");
  const timeoutMs = options.timeout ?? defaultTimeout;
  // A look must not outlast the timeout by much.
  const connectTimeout = Math.min(timeoutMs, longestLook);
  const context = await createContext({ ...options, connectTimeout }, "end");
  const request = {
    ...selectionOf(options),
    timeoutMs,
    ...given("acceptFailures", options.acceptFailures),
  };
  let shown = "";
  const onLook = (found: WaitResult) => {
    const line = `waiting: ${waitText(found)}`;
    if (line !== shown) writeNote(`${line}\n`);
    shown = line;
  };
  const result = await waitForHead(context, request, { onLook });
  if (wasInterrupted()) return exitCode.interrupted;
  await printResult(options, documentOf(result), await textOf(result, timeoutMs));
  return result.ready ? exitCode.done : exitCode.failed;
}

async function textOf(result: WaitResult, timeoutMs: number): Promise<string> {
  const { readyText, timedOutText } = await import("../../report/wait.ts");
  return result.ready ? readyText(result) : timedOutText(result, timeoutMs);
}

/** The document of `wait --json`. */
export interface WaitDocument {
  /** True if no more targets are missing than accepted. */
  readonly ready: boolean;
  /** The number of selected targets. */
  readonly targets: number;
  readonly missing: readonly MissingTarget[];
  /** Why the targets could not be read at the last look; null if they were. */
  readonly error: string | null;
}

/** A target that does not have all migrations of this checkout. */
interface MissingTarget extends Target {
  /** The newest applied migration; null if there is none. */
  readonly current: string | null;
  /** The service's newest migration; null if it has none. */
  readonly head: string | null;
  /** The number of missing migrations. */
  readonly pending: number;
  readonly problems: readonly PlanProblem[];
}

function documentOf({ ready, targets, missing, error }: WaitResult): WaitDocument {
  return {
    ready,
    targets: targets.length,
    missing: missing.map(({ target, current, head, pending, problems }) => ({
      ...target,
      ...{ current: current ?? null, head: head ?? null, pending, problems },
    })),
    error: error === undefined ? null : error.message,
  };
}
