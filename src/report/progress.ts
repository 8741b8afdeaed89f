import { counted } from "../core/count.ts";
import type { Observer, RolloutEvent, Waiting } from "../core/events.ts";
import { holderText } from "../core/failure-text.ts";
import { isFailure, type Outcome } from "../core/outcome.ts";
import { targetName } from "../core/target.ts";
import { duration } from "../core/time.ts";
import { visibleLine } from "../core/visible.ts";
import { cut, widthOf } from "../core/width.ts";
import { type BatchEvent, isBatch, rowsText, slowestText } from "./batches.ts";
import { longestList } from "./errors.ts";
import { failureKind } from "./failures.ts";
import { supportsEscapes, writtenText } from "./style.ts";

/** The stream for progress, usually standard error. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** How often the bar is redrawn, and how often a line is written without a terminal, in milliseconds. */
const redrawEvery = 100;
const lineEvery = 5_000;

/** How much of a rollout is shown: nothing, the usual, or every outcome and every retry. */
export type Verbosity = "quiet" | "usual" | "verbose";

/** Shows the progress of a rollout: as a bar on a terminal, otherwise as lines. */
export function showProgress(stream: ProgressStream, verbosity: Verbosity = "usual"): Observer {
  if (verbosity === "quiet") return () => undefined;
  const tally = new Tally();
  const verbose = verbosity === "verbose";
  return supportsEscapes(stream) ? bar(stream, tally, verbose) : lines(stream, tally, verbose);
}

function lines(stream: ProgressStream, tally: Tally, verbose: boolean): Observer {
  let writtenAt = performance.now();
  return (event) => {
    if (tally.isRepeatedWait(event)) return;
    tally.count(event);
    const now = performance.now();
    const text =
      news(event, tally) ?? (verbose ? everyDetail(event) : undefined) ?? detail(event, tally);
    if (text !== undefined) stream.write(`${writtenText(text, stream)}\n`);
    else if (now - writtenAt > lineEvery && (event.type === "targetEnded" || isBatch(event))) {
      writtenAt = now;
      const line = isBatch(event) ? tally.batchText() : tally.text(now);
      stream.write(`${writtenText(line, stream)}\n`);
    }
  };
}

function bar(stream: ProgressStream, tally: Tally, verbose: boolean): Observer {
  let drawnAt = 0;
  let retried = "";
  let timer: NodeJS.Timeout | undefined;
  const clear = "\r\u001b[2K";
  const draw = () => {
    drawnAt = performance.now();
    const columns = ((stream.columns ?? 0) || 80) - 1;
    stream.write(`${clear}${barLine(tally, drawnAt, retried, columns)}`);
  };
  return (event) => {
    tally.count(event);
    const text = news(event, tally) ?? (verbose ? everyDetail(event) : undefined);
    retried =
      event.type === "targetRetried" ? `${targetName(event.target)}: ${retryText(event)}` : "";
    if (text !== undefined) stream.write(`${clear}${writtenText(text, stream)}\n`);
    if (tally.steps === 0) return;
    if (event.type === "rolloutStarted") {
      // Keeps the time moving between events.
      timer = setInterval(draw, 1_000);
      timer.unref();
    }
    if (event.type === "rolloutEnded") {
      clearInterval(timer);
      stream.write(clear);
    } else if (performance.now() - drawnAt > redrawEvery || retried !== "" || text !== undefined)
      draw();
  };
}

/** The longest line that fits. The waiting target and its reason take precedence over the numbers. */
function barLine(tally: Tally, now: number, retried: string, columns: number): string {
  const wait = visibleLine(tally.waitingText(now) ?? (retried || tally.batchText()));
  const numbers = [`${tally.bar()} ${tally.text(now)}`, tally.text(now), tally.ended(), ""];
  const lines = numbers.map((text) => [text, wait].filter((part) => part !== "").join("  "));
  const line = lines.find((text) => text !== "" && widthOf(text) <= columns);
  return line ?? cut(wait === "" ? tally.ended() : wait, columns);
}

/** Events that are always shown. */
function news(event: RolloutEvent, { waves }: Tally): string | undefined {
  switch (event.type) {
    case "waveStarted":
      return waves > 1 ? `${event.wave}: ${counted(event.targets, "target")}` : undefined;
    case "soakStarted":
      return `${event.wave}: done, pausing ${duration(event.durationMs)} before the next wave`;
    case "verifyStarted":
      return `${event.wave}: verifying`;
    case "verifyEnded":
      return event.code === 0 || event.code === undefined
        ? undefined
        : `${event.wave}: the verify command failed`;
    case "concurrencyLowered":
      return `${event.database}: ${counted(event.to, "target")} at a time (${event.reason})`;
    case "rolloutStopped":
      // The user who interrupted it has already seen a message.
      return event.stop.kind === "interrupted" ? undefined : `Stopping: ${event.stop.message}.`;
    default:
      return undefined;
  }
}

/** Events that are shown without a bar: every target of a small fleet, and problems of any fleet. */
function detail(event: RolloutEvent, { targets, kinds }: Tally): string | undefined {
  if (event.type === "waiting") return waitText(event.database, event.for, 0);
  if (event.type === "targetRetried") return attemptText(event);
  if (event.type !== "targetEnded") return undefined;
  const { target, status, failure } = event.outcome;
  if (isFailure(event.outcome)) {
    const kind = failure && failureKind({ failure, schema: target.schema });
    // Each kind once: the summary lists all targets of a kind.
    if (kind !== undefined && kinds.has(kind)) return undefined;
    if (kind !== undefined) kinds.add(kind);
    return outcomeText(event.outcome);
  }
  return status === "succeeded" && targets <= longestList ? outcomeText(event.outcome) : undefined;
}

/** With --verbose: the outcome of every target, and every attempt. */
function everyDetail(event: RolloutEvent): string | undefined {
  if (event.type === "targetRetried") return attemptText(event);
  return event.type === "targetEnded" ? outcomeText(event.outcome) : undefined;
}

function attemptText(event: RolloutEvent & { type: "targetRetried" }): string {
  const { target, attempt, delayMs } = event;
  return `${targetName(target)}: ${retryText(event)}; attempt ${attempt + 1} in ${duration(delayMs)}`;
}

/** Statuses that are not words. */
const statusWords: Partial<Record<Outcome["status"], string>> = {
  inDoubt: "in doubt",
  notExecuted: "not run",
};

function outcomeText(outcome: Outcome): string {
  const { target, status, applied, durationMs, failure } = outcome;
  const name = `${targetName(target)}: ${statusWords[status] ?? status}`;
  if (failure !== undefined) return `${name}: ${failure.message}`;
  if (outcome.batches !== undefined && status === "notExecuted")
    return `${name}: the next run continues ${outcome.batches.tag} after ${rowsText(outcome.batches.rows)}`;
  if (status !== "succeeded") return name;
  return `${name}, ${applied.length} applied in ${duration(durationMs)}`;
}

function retryText({ reason, holders = [] }: RolloutEvent & { type: "targetRetried" }): string {
  const [holder] = holders;
  return holder === undefined ? reason : `${reason}, ${holderText(holder)}`;
}

/**
 * The longest wait, and the number of other ones.
 *
 * @param sinceMs age of the event, in milliseconds
 */
function waitText(database: string, waits: readonly Waiting[], sinceMs: number): string {
  const [first, ...others] = waits;
  if (first === undefined) return "";
  const { target, tag, forMs, reason, holders: [holder] = [] } = first;
  const time = duration(Math.round((forMs + sinceMs) / 1_000) * 1_000);
  const what =
    target === undefined
      ? `a connection to database ${database}, ${time}`
      : `${targetName(target)}, ${tag === undefined ? "" : `${tag}, `}${time}`;
  const why = holder === undefined ? (reason ?? "") : holderText(holder);
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  return `waiting for ${what}${why === "" ? "" : ` (${why})`}${more}`;
}

/** The same for the bar, whose end may be cut: target and reason come first. */
function waitOnBar(database: string, waits: readonly Waiting[], sinceMs: number): string {
  const [first, ...others] = waits;
  if (first === undefined) return "";
  const { target, tag, forMs, reason, holders: [holder] = [] } = first;
  const name = target === undefined ? `database ${database}` : targetName(target);
  const why =
    holder !== undefined
      ? holderText(holder)
      : (reason ?? (target === undefined ? "waiting for a connection" : "running"));
  const time = duration(Math.round((forMs + sinceMs) / 1_000) * 1_000);
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  return `${name}: ${why}${tag === undefined ? "" : `, ${tag}`}, ${time}${more}`;
}

/** The counts of a rollout in progress. */
class Tally {
  waves = 0;
  targets = 0;
  steps = 0;
  /** Kinds of failures that were shown. */
  readonly kinds = new Set<string>();
  #ended = 0;
  #applied = 0;
  #failed = 0;
  #startedAt = 0;
  /** The statements that run in batches, by target. */
  readonly #batches = new Map<string, BatchEvent>();
  #waiting: { readonly event: RolloutEvent & { type: "waiting" }; readonly at: number } | undefined;
  readonly #waitingForRollout = new Set<string>();

  /** True for repeated waits of a target for others of the same rollout, which are shown only once. */
  isRepeatedWait(event: RolloutEvent): boolean {
    if (event.type !== "targetRetried" || event.waitFor !== "rollout") return false;
    const name = targetName(event.target);
    const shown = this.#waitingForRollout.has(name);
    this.#waitingForRollout.add(name);
    return shown;
  }

  /** The last reported wait, unless a step has completed since. */
  waitingText(now: number): string | undefined {
    if (this.#waiting === undefined) return undefined;
    const { event, at } = this.#waiting;
    return waitOnBar(event.database, event.for, now - at);
  }

  /** The statement in batches that is furthest from its end; empty if there is none. */
  batchText(): string {
    return slowestText(this.#batches.values());
  }

  count(event: RolloutEvent): void {
    if (isBatch(event)) this.#batches.set(targetName(event.target), event);
    if (event.type === "stepApplied") this.#batches.delete(targetName(event.target));
    if (event.type === "targetEnded") this.#batches.delete(targetName(event.outcome.target));
    if (event.type === "waiting") this.#waiting = { event, at: performance.now() };
    else if (["stepApplied", "batchCommitted", "rolloutEnded"].includes(event.type))
      this.#waiting = undefined;
    if (event.type === "rolloutStarted") {
      this.waves = event.waves;
      this.targets = event.targets;
      this.steps = event.steps;
      this.#startedAt = performance.now();
    }
    if (event.type === "stepApplied") this.#applied += 1;
    if (event.type === "targetEnded") {
      this.#ended += 1;
      if (isFailure(event.outcome)) this.#failed += 1;
    }
  }

  bar(): string {
    const width = 12;
    const filled = Math.round(Math.min(this.#applied / this.steps, 1) * width);
    return `[${"#".repeat(filled)}${"-".repeat(width - filled)}]`;
  }

  ended(): string {
    return `${this.#ended}/${this.targets}`;
  }

  /** Counts, rate per second, and remaining time. */
  text(now: number): string {
    const seconds = (now - this.#startedAt) / 1000;
    const rate = seconds > 0 ? this.#applied / seconds : 0;
    // No remaining time while a wait holds the rollout up: its end is unknown.
    const left =
      rate > 0 && this.#waiting === undefined
        ? `  ${clock((this.steps - this.#applied) / rate)} left`
        : "";
    const trouble = this.#failed > 0 ? `  ${this.#failed} failed` : "";
    return `${this.#ended}/${counted(this.targets, "target")}  ${this.#applied}/${counted(this.steps, "migration")}  ${Math.round(rate)}/s${left}${trouble}`;
  }
}

function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const pad = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return `${hours > 0 ? `${hours}:${pad(minutes)}` : minutes}:${pad(whole % 60)}`;
}
