import type { Observer, RolloutEvent } from "../core/events.ts";
import { targetName } from "../core/target.ts";

/** Where progress is written: standard error, usually. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const redrawMs = 100;

/** Shows a rollout while it runs: a bar on a terminal, a line per target elsewhere. */
export function showProgress(stream: ProgressStream): Observer {
  return stream.isTTY === true ? bar(stream) : lines(stream);
}

function lines(stream: ProgressStream): Observer {
  return (event) => {
    const text = lineOf(event);
    if (text !== undefined) stream.write(`${text}\n`);
  };
}

function lineOf(event: RolloutEvent): string | undefined {
  if (event.type === "targetRetried") {
    return `${targetName(event.target)}: ${event.reason}; attempt ${event.attempt + 1} in ${event.delayMs} ms`;
  }
  if (event.type !== "targetEnded" || event.outcome.status === "skipped") return undefined;
  const { target, status, applied, durationMs } = event.outcome;
  return `${targetName(target)}: ${status}, ${applied.length} applied in ${durationMs} ms`;
}

function bar(stream: ProgressStream): Observer {
  let targets = 0;
  let steps = 0;
  let ended = 0;
  let applied = 0;
  let failed = 0;
  let startedAt = 0;
  let drawnAt = 0;
  let waiting = "";
  return (event) => {
    const now = performance.now();
    if (event.type === "rolloutStarted") {
      ({ targets, steps } = event);
      startedAt = now;
    }
    waiting = event.type === "targetRetried" ? `  waiting: ${event.reason}` : "";
    if (event.type === "stepApplied") applied += 1;
    if (event.type === "targetEnded") {
      ended += 1;
      if (event.outcome.status === "failed" || event.outcome.status === "inDoubt") failed += 1;
    }
    if (steps === 0) return;
    if (event.type === "rolloutEnded") {
      stream.write("\r\u001b[2K");
    } else if (now - drawnAt > redrawMs || waiting !== "") {
      drawnAt = now;
      const bare = barText({
        targets,
        ended,
        steps,
        applied,
        failed,
        seconds: (now - startedAt) / 1000,
      });
      stream.write(`\r\u001b[2K${`${bare}${waiting}`.slice(0, (stream.columns ?? 80) - 1)}`);
    }
  };
}

interface BarState {
  readonly targets: number;
  readonly ended: number;
  readonly steps: number;
  readonly applied: number;
  readonly failed: number;
  /** Since the rollout began. */
  readonly seconds: number;
}

/** One line: bar, count, rate per second and remaining time. */
function barText({ targets, ended, steps, applied, failed, seconds }: BarState): string {
  const width = 20;
  const share = Math.min(applied / steps, 1);
  const filled = Math.round(share * width);
  const rate = seconds > 0 ? applied / seconds : 0;
  const left = rate > 0 ? `${clock((steps - applied) / rate)} left` : "";
  const trouble = failed > 0 ? `  ${failed} failed` : "";
  const blocks = "#".repeat(filled) + "-".repeat(width - filled);
  return `[${blocks}] ${ended}/${targets} targets  ${applied}/${steps} migrations  ${Math.round(rate)}/s  ${left}${trouble}`;
}

function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
