import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { RolloutEvent } from "../../src/core/events.ts";
import { widthOf } from "../../src/core/width.ts";
import { showProgress, type Verbosity } from "../../src/report/progress.ts";
import { statusText } from "../../src/report/status.ts";
import { style, writtenText } from "../../src/report/style.ts";
import { Halt } from "../../src/rollout/halt.ts";

beforeEach(() => void vi.stubEnv("TERM", "xterm"));
afterEach(() => void vi.unstubAllEnvs());

const target = { database: "main", service: "app", tenant: "acme", schema: "app_acme" };
const retried: RolloutEvent = {
  type: "targetRetried",
  target,
  attempt: 1,
  delayMs: 5,
  reason: "canceling statement due to lock timeout",
};

/** The last line on a terminal of this width, after some events of a rollout over 300 targets. */
function lastLine(columns: number, ...events: readonly RolloutEvent[]): string {
  const written: string[] = [];
  const observe = showProgress({ isTTY: true, columns, write: (text) => written.push(text) });
  observe({ type: "rolloutStarted", id: "1", waves: 1, targets: 300, steps: 300 });
  for (const event of events) observe(event);
  observe(retried);
  observe({ type: "rolloutEnded", outcomes: 300, durationMs: 5 });
  return written.at(-2)?.replace("\r\u001b[2K", "") ?? "";
}

describe("the progress bar", () => {
  test.each([
    [20, "app/acme: canceling…"],
    [40, "app/acme: canceling statement due to lo…"],
    [60, "0/300  app/acme: canceling statement due to lock timeout"],
    [
      100,
      "0/300 targets  0/300 migrations  0/s  app/acme: canceling statement due to lock timeout",
    ],
    [
      200,
      "[------------] 0/300 targets  0/300 migrations  0/s  app/acme: canceling statement due to lock timeout",
    ],
  ])("shows tenant and reason before it cuts, at %i columns", (columns, line) => {
    expect(lastLine(columns + 1)).toBe(line);
  });

  test.each([20, 40, 60, 80, 120])("is one line, also with wide text, at %i columns", (columns) => {
    const holder = {
      pid: 7,
      user: "日本語",
      application: "😀😀",
      query: "",
      holds: "表".repeat(90),
    };
    const waiting: RolloutEvent = {
      type: "waiting",
      database: "main",
      for: [{ target, tag: "0002_wide", forMs: 6_000, holders: [holder] }],
    };
    const line = lastLine(columns, waiting);
    expect(line).toMatch(/^app\/acme: held by/);
    expect(line).toMatch(/…$/);
    expect(widthOf(line)).toBeLessThan(columns);
  });

  test("is replaced by lines on a terminal without escape sequences", () => {
    vi.stubEnv("TERM", "dumb");
    const written: string[] = [];
    const stream = { isTTY: true, columns: 80, write: (text: string) => written.push(text) };
    const observe = showProgress(stream);
    observe({ type: "rolloutStarted", id: "1", waves: 1, targets: 1, steps: 1 });
    observe(retried);
    expect(written).toEqual([
      "app/acme: canceling statement due to lock timeout; attempt 2 in 5 ms\n",
    ]);
    expect(writtenText(style("red", "x"), stream)).toBe("x");
  });
});

test("an interruption after the end of a rollout does not stop it", () => {
  const stops: unknown[] = [];
  const during = new AbortController();
  new Halt(during.signal, 0, (stop) => stops.push(stop));
  during.abort();
  expect(stops).toEqual([{ kind: "interrupted", message: "it was interrupted" }]);
  const after = new AbortController();
  new Halt(after.signal, 0, (stop) => stops.push(stop)).close();
  after.abort();
  expect(stops).toHaveLength(1);
});

test("one target is counted in the singular", () => {
  const status = {
    target,
    steps: [],
    problems: [],
    pending: 0,
    head: undefined,
    current: undefined,
    create: "nothing" as const,
    sealed: true,
  };
  const text = statusText([status]);
  expect(text.split("\n").at(-1)).toBe("1 target is at head.");
});

describe("how much is shown", () => {
  const ended = (status: "succeeded" | "skipped", tenant: string): RolloutEvent => ({
    type: "targetEnded",
    wave: "wave 1",
    outcome: {
      target: { ...target, tenant },
      status,
      applied: status === "succeeded" ? ["0001_a"] : [],
      durationMs: 5,
    },
  });

  /** The output for a rollout over 300 targets, without escape sequences. */
  function written(verbosity: Verbosity, isTTY: boolean): string {
    let text = "";
    const observe = showProgress(
      { isTTY, columns: 80, write: (more) => (text += more) },
      verbosity,
    );
    observe({ type: "rolloutStarted", id: "1", waves: 2, targets: 300, steps: 300 });
    observe({ type: "waveStarted", wave: "wave 1", targets: 150, steps: 150 });
    observe(retried);
    observe(ended("succeeded", "acme"));
    observe(ended("skipped", "globex"));
    observe({ type: "rolloutEnded", outcomes: 300, durationMs: 5 });
    return text.replaceAll("\r\u001b[2K", "\n");
  }

  test.each([true, false])("quiet shows nothing (terminal: %s)", (isTTY) => {
    expect(written("quiet", isTTY)).toBe("");
  });

  test("usual names no target of a large fleet that succeeded", () => {
    for (const isTTY of [true, false]) {
      expect(written("usual", isTTY)).toContain("wave 1: 150 targets\n");
      expect(written("usual", isTTY)).not.toMatch(/globex|acme: succeeded/);
    }
  });

  test.each([true, false])("verbose shows every outcome and retry (terminal: %s)", (isTTY) => {
    const text = written("verbose", isTTY);
    for (const line of [
      "app/acme: canceling statement due to lock timeout; attempt 2 in 5 ms",
      "app/acme: succeeded, 1 applied in 5 ms",
      "app/globex: skipped",
    ])
      expect(text.split("\n")).toContain(line);
  });
});
