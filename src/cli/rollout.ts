import type { Observer } from "../core/events.ts";
import { foundProblem } from "../core/preflight.ts";
import type { Ended, Wording } from "../report/migrate.ts";
import { type ExitCode, exitCode } from "./exit-codes.ts";
import { setGrace, wasInterrupted } from "./interruption.ts";
import { type ReportOptions, verbosityOf } from "./options/rollout.ts";
import { printText, textWriter, writeEvent, writeLine } from "./output.ts";

/** Reports a rollout while it runs: as events for a program, as progress for people. */
export async function rolloutObserver(options: ReportOptions): Promise<Observer> {
  if (options.grace !== undefined) setGrace(options.grace);
  if (options.json === true) return writeEvent;
  const { showProgress } = await import("../report/progress.ts");
  return showProgress(process.stderr, verbosityOf(options));
}

/** Like `rolloutObserver`, for a rollout that is checked first: also prints what that finds. */
export async function checkingObserver(options: ReportOptions): Promise<Observer> {
  const observe = await rolloutObserver(options);
  if (options.json === true) return observe;
  const { preflightText, showChecking } = await import("../report/preflight.ts");
  const print = await textWriter(process.stdout);
  const show = options.quiet === true ? undefined : showChecking(process.stderr);
  return (event) => {
    if (event.type === "preflightProgress") show?.(event.done, event.total);
    else if (event.type !== "preflightEnded") observe(event);
    else if (options.quiet !== true || foundProblem(event.report))
      print(`${preflightText(event.report)}\n`);
  };
}

/** Reports how a rollout ended. */
export async function printRollout(
  result: Ended,
  options: ReportOptions,
  wording?: Wording,
): Promise<void> {
  const { isDone, migrateText, summaryDocument, unfinishedText } = await import(
    "../report/migrate.ts"
  );
  if (options.json === true) writeLine(summaryDocument(result));
  else if (options.quiet !== true) await printText(migrateText(result, wording));
  else if (!isDone(result)) await printText(unfinishedText(result, wording));
}

/** The exit code of a verb that ran a rollout. */
export async function rolloutExitCode(result: Ended): Promise<ExitCode> {
  const { isAccepted, isDone, needsFix } = await import("../report/migrate.ts");
  if (wasInterrupted()) return exitCode.interrupted;
  if (result.stopped?.kind === "preflight") return exitCode.found;
  if (isDone(result) || isAccepted(result)) return exitCode.done;
  return needsFix(result) ? exitCode.permanent : exitCode.failed;
}
