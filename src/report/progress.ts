import type { Observer, RolloutEvent } from "../core/events.ts";
import { isFailure } from "../core/outcome.ts";
import { targetName } from "../core/target.ts";
import { visibleLine } from "../core/visible.ts";
import { startOf } from "../core/width.ts";
import { holderText, longestList } from "./errors.ts";
import { kindOf } from "./failures.ts";
import { writtenText } from "./style.ts";
import { counted, duration } from "./words.ts";

/** Where progress is written: standard error, usually. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Milliseconds between two pictures of the bar on a terminal, and between two lines of numbers elsewhere. */
const redrawEvery = 100;
const lineEvery = 5_000;

/** Shows a rollout while it runs: a bar on a terminal, now and then a line elsewhere. */
export function showProgress(stream: ProgressStream): Observer {
  const tally = new Tally();
  return stream.isTTY === true ? bar(stream, tally) : lines(stream, tally);
}

function lines(stream: ProgressStream, tally: Tally): Observer {
  let writtenAt = performance.now();
  return (event) => {
    tally.count(event);
    const now = performance.now();
    const text = news(event, tally) ?? detail(event, tally);
    if (text !== undefined) stream.write(`${writtenText(text, stream)}\n`);
    else if (event.type === "targetEnded" && now - writtenAt > lineEvery) {
      writtenAt = now;
      stream.write(`${tally.text(now)}\n`);
    }
  };
}

function bar(stream: ProgressStream, tally: Tally): Observer {
  let drawnAt = 0;
  const clear = "\r\u001b[2K";
  return (event) => {
    tally.count(event);
    const now = performance.now();
    const text = news(event, tally);
    const waiting = event.type === "targetRetried" ? `  waiting: ${waitingText(event)}` : "";
    if (text !== undefined) stream.write(`${clear}${writtenText(text, stream)}\n`);
    if (tally.steps === 0) return;
    if (event.type === "rolloutEnded") stream.write(clear);
    else if (now - drawnAt > redrawEvery || waiting !== "" || text !== undefined) {
      drawnAt = now;
      const line = visibleLine(`${tally.bar()} ${tally.text(now)}${waiting}`);
      stream.write(`${clear}${startOf(line, ((stream.columns ?? 0) || 80) - 1)}`);
    }
  };
}

/** What everybody wants to read as it happens. */
function news(event: RolloutEvent, { waves }: Tally): string | undefined {
  switch (event.type) {
    case "waveStarted":
      return waves > 1 ? `${event.wave}: ${counted(event.targets, "target")}` : undefined;
    case "soakStarted":
      return `${event.wave}: done, waiting ${duration(event.durationMs)} before the next`;
    case "verifyStarted":
      return `${event.wave}: verifying`;
    case "verifyEnded":
      return event.code === 0 || event.code === undefined
        ? undefined
        : `${event.wave}: the verify command failed`;
    case "concurrencyLowered":
      return `${event.database}: ${counted(event.to, "target")} at a time (${event.reason})`;
    case "rolloutStopped":
      // Who interrupted it has been told so already.
      return event.stop.kind === "interrupted" ? undefined : `Stopping: ${event.stop.message}.`;
    default:
      return undefined;
  }
}

/** Where no bar shows that something happens: each target of a small fleet, and what goes wrong in any. */
function detail(event: RolloutEvent, { targets, kinds }: Tally): string | undefined {
  if (event.type === "targetRetried") {
    const { target, attempt, delayMs } = event;
    return `${targetName(target)}: ${waitingText(event)}; attempt ${attempt + 1} in ${duration(delayMs)}`;
  }
  if (event.type !== "targetEnded") return undefined;
  const { target, status, applied, durationMs, failure } = event.outcome;
  if (isFailure(event.outcome)) {
    const kind = failure && kindOf({ failure, schema: target.schema });
    // Each kind once: what they have in common, the summary says with their names.
    if (kind !== undefined && kinds.has(kind)) return undefined;
    if (kind !== undefined) kinds.add(kind);
    return `${targetName(target)}: ${status}: ${failure?.message}`;
  }
  if (status !== "succeeded" || targets > longestList) return undefined;
  return `${targetName(target)}: ${status}, ${applied.length} applied in ${duration(durationMs)}`;
}

function waitingText({ reason, holders = [] }: RolloutEvent & { type: "targetRetried" }): string {
  const [holder] = holders;
  return holder === undefined ? reason : `${reason}, ${holderText(holder)}`;
}

/** How far a rollout is. */
class Tally {
  waves = 0;
  targets = 0;
  steps = 0;
  /** Kinds of failures that have been told of. */
  readonly kinds = new Set<string>();
  #ended = 0;
  #applied = 0;
  #failed = 0;
  #startedAt = 0;

  count(event: RolloutEvent): void {
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

  /** Counts, rate per second and remaining time. */
  text(now: number): string {
    const seconds = (now - this.#startedAt) / 1000;
    const rate = seconds > 0 ? this.#applied / seconds : 0;
    const left = rate > 0 ? `  ${clock((this.steps - this.#applied) / rate)} left` : "";
    const trouble = this.#failed > 0 ? `  ${this.#failed} failed` : "";
    return `${this.#ended}/${this.targets} targets  ${this.#applied}/${this.steps} migrations  ${Math.round(rate)}/s${left}${trouble}`;
  }
}

function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const pad = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return `${hours > 0 ? `${hours}:${pad(minutes)}` : minutes}:${pad(whole % 60)}`;
}
