import { describe, expect, onTestFinished, test, vi } from "vitest";
import { FleetError } from "../../src/core/errors.ts";
import type { RolloutEvent } from "../../src/core/events.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import { widthOf } from "../../src/core/width.ts";
import { provedHistoriesText } from "../../src/report/check.ts";
import { errorText } from "../../src/report/errors.ts";
import { migrateText, summarize } from "../../src/report/migrate.ts";
import { planText } from "../../src/report/plan.ts";
import { showProgress } from "../../src/report/progress.ts";
import { writtenText } from "../../src/report/style.ts";
import { table } from "../../src/report/table.ts";
import { wrapLines } from "../../src/report/wrap.ts";

const target = (tenant: string) => ({
  database: "main",
  service: "app",
  tenant,
  schema: `app_${tenant}`,
});
const outcome = (tenant: string, status: Outcome["status"], applied: string[] = []): Outcome => ({
  target: target(tenant),
  status,
  applied,
  durationMs: 5,
});

/** The lines of a table, on a terminal of this width or without a terminal. */
function rows(header: string[], cells: (string | number)[][], columns?: number): string[] {
  const stream = columns === undefined ? {} : { isTTY: true, columns };
  return wrapLines(table(header, cells).join("\n"), stream).split("\n");
}

describe("table", () => {
  const states = [
    ["app/acme", "edited: 0001_日本語"],
    ["app/b", "at head"],
  ];

  test.each([
    [40, ["target    state", "app/acme  edited: 0001_日本語", "app/b     at head"]],
    [26, ["target    state", "app/acme  edited: 0001_日…", "app/b     at head"]],
    [12, ["targ…  state", "app/…  edit…", "app/b  at h…"]],
  ])("cuts rows instead of wrapping them, on a terminal of %i columns", (columns, lines) => {
    expect(rows(["target", "state"], states, columns)).toEqual(lines);
  });

  test("writes complete rows for a program, and wraps text next to a table", () => {
    const long = "x ".repeat(100).trim();
    expect(rows(["name"], [[long]])).toEqual(["name", long]);
    const text = wrapLines([...table(["name"], [[long]]), long].join("\n"), {
      ...{ isTTY: true, columns: 80 },
    });
    expect(text.split("\n").map((line) => line.length)).toEqual([4, 80, 79, 79, 39]);
  });

  test("aligns numbers to the right, and counts wide characters twice", () => {
    expect(
      rows(
        ["name", "count"],
        [
          ["日本", 5],
          ["x", 10],
        ],
      ),
    ).toEqual(["name  count", "日本      5", "x        10"]);
  });
});

test("the caret of an excerpt stays below its place: long lines are cut on a terminal, not wrapped", () => {
  const sql = `ALTER TABLE "t" ADD COLUMN "n" integar${", ADD COLUMN x text".repeat(5)}`;
  const excerpt = `${sql}\n${" ".repeat(31)}^`;
  const error = new FleetError("syntax", "type integar does not exist", {
    where: "a.sql:1",
    excerpt,
  });
  const [, source, caret, ...rest] = wrapLines(errorText(error), {
    isTTY: true,
    columns: 60,
  }).split("\n");
  expect(source).toMatch(/^ {2}ALTER TABLE "t" ADD COLUMN "n" integar, ADD.*…$/);
  expect(widthOf(source ?? "")).toBeLessThanOrEqual(60);
  expect(caret).toBe(`${" ".repeat(33)}^`);
  expect(rest).toEqual([]);
  expect(wrapLines(errorText(error), {})).toContain(`\n  ${sql}\n`);
});

test("a plan names its targets by service and tenant", () => {
  const step = {
    action: "apply",
    tag: "0000_a",
    checksum: "",
    ledger: "",
    ledgerAfter: "",
  } as const;
  const plan = (service: string, tenant: string) => ({
    target: { ...target(tenant), service },
    current: undefined,
    steps: [{ ...step, resumeAt: 0, resumeChecksum: "", begun: false }],
    pending: 1,
    problems: [],
    create: "nothing" as const,
    sealed: true,
  });
  const targets = [plan("app", "a"), plan("app", "b"), plan("shop", "a")];
  const text = planText({ waves: [{ name: "all", canary: false, targets }] });
  const lines = wrapLines(text, {}).split("\n");
  expect(lines.filter((line) => line.startsWith("    "))).toEqual([
    "    app/a, app/b",
    "    shop/a",
  ]);
});

test("a proof says what it has shown, and claims no more", () => {
  const whole = { service: "auth", migrations: 11, downs: 11 };
  const partly = { service: "app", migrations: 1, downs: 0 };
  expect(provedHistoriesText([whole, { ...partly, migrations: 3, downs: 2 }])).toEqual([
    "Proved: auth (11 migrations), app (3 migrations, 2 with a down): up, down and up again.",
  ]);
  expect(provedHistoriesText([partly])).toEqual(["Proved: app (1 migration, 0 with a down): up."]);
  expect(provedHistoriesText([])).toEqual([]);
});

describe("the summary of a rollout", () => {
  test("counts and gives a verdict", () => {
    const outcomes = [
      outcome("a", "succeeded", ["0", "1"]),
      outcome("b", "skipped"),
      outcome("c", "failed"),
      outcome("d", "notExecuted"),
    ];
    expect(summarize(outcomes)).toEqual({
      targets: 4,
      succeeded: 1,
      skipped: 1,
      failed: 1,
      notExecuted: 1,
      inDoubt: 0,
      applied: 2,
    });
    expect(migrateText({ outcomes })).toContain("1 of 4 targets failed, 1 target not run.");
    expect(migrateText({ outcomes: [outcome("b", "skipped")] })).toContain(
      "Nothing to do: 1 target at head.",
    );
    expect(migrateText({ outcomes: [] })).toContain("there is no target");
  });
});

test("failures of targets that are in doubt, failed and not begun are separate", () => {
  const failure = {
    message: "connect ECONNREFUSED",
    remedy: "Look at the server.",
    retryable: true,
  };
  const outcomes = [
    { ...outcome("a", "inDoubt"), failure },
    { ...outcome("b", "notExecuted"), failure },
    { ...outcome("c", "notExecuted"), failure },
    { ...outcome("d", "failed"), failure },
  ];
  const text = writtenText(migrateText({ outcomes }), {});
  const doubt = "(in doubt: the connection was lost before the server answered)";
  expect(text).toContain(`x app/a  schema app_a ${doubt}\n`);
  expect(text).toContain("x 2 targets: app/b, app/c (not run)\n");
  expect(text).toContain("x app/d  schema app_d\n");
});

describe("progress", () => {
  const events: RolloutEvent[] = [
    { type: "rolloutStarted", id: "1", waves: 1, targets: 2, steps: 4 },
    { type: "stepApplied", target: target("a"), tag: "0", durationMs: 1 },
    { type: "targetEnded", wave: "all", outcome: outcome("a", "succeeded", ["0", "1"]) },
    { type: "targetEnded", wave: "all", outcome: outcome("b", "skipped") },
    { type: "rolloutEnded", outcomes: 2, durationMs: 9 },
  ];
  const shown = (isTTY: boolean, columns: number) => {
    const written: string[] = [];
    const observe = showProgress({ isTTY, columns, write: (text) => written.push(text) });
    for (const event of events) observe(event);
    return written;
  };

  test("writes plain lines without a terminal, and none for targets with nothing to do", () => {
    expect(shown(false, 80)).toEqual(["app/a: succeeded, 2 applied in 5 ms\n"]);
  });

  test("draws a bar on a terminal, never wider than it, and removes it at the end", () => {
    const written = shown(true, 40);
    expect(written[0]).toContain("0/2 targets");
    for (const text of written) expect(text.replace("\r\u001b[2K", "").length).toBeLessThan(40);
    expect(written.at(-1)).toBe("\r\u001b[2K");
  });

  test("reports a kind of failure once, however many targets have it", () => {
    const written: string[] = [];
    const observe = showProgress({ isTTY: false, write: (text) => written.push(text) });
    for (const [tenant, message] of [
      ["a", "no connection for app_a at 10.0.0.1"],
      ["b", "no connection for app_b at 10.0.0.2"],
      ["c", "no password"],
    ] as const) {
      const failed = {
        ...outcome(tenant, "failed"),
        failure: { message, remedy: "", retryable: true },
      };
      observe({ type: "targetEnded", wave: "all", outcome: failed });
    }
    expect(written).toEqual([
      "app/a: failed: no connection for app_a at 10.0.0.1\n",
      "app/c: failed: no password\n",
    ]);
  });

  const waiting = (forMs: number): RolloutEvent => ({
    type: "waiting",
    database: "main",
    for: [{ target: target("a"), tag: "0_slow", forMs }, { forMs: 1 }],
  });

  test("writes a line for a long wait without a terminal, also for a connection", () => {
    const written: string[] = [];
    const observe = showProgress({ write: (text) => written.push(text) });
    observe({ type: "rolloutStarted", id: "1", waves: 1, targets: 2, steps: 4 });
    observe(waiting(15_200));
    observe({ type: "waiting", database: "main", for: [{ forMs: 9_000, reason: "refused" }] });
    expect(written).toEqual([
      "waiting for app/a, 0_slow, 15 s, and 1 more\n",
      "waiting for a connection to database main, 9 s (refused)\n",
    ]);
  });

  test("keeps drawing the bar while nothing happens, without a remaining time", () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const written: string[] = [];
    const stream = { isTTY: true, columns: 120, write: (text: string) => written.push(text) };
    const observe = showProgress(stream);
    observe({ type: "rolloutStarted", id: "1", waves: 1, targets: 2, steps: 4 });
    vi.advanceTimersByTime(1_200);
    observe({ type: "stepApplied", target: target("b"), tag: "0", durationMs: 1 });
    expect(written.at(-1)).toContain("0:04 left");
    observe(waiting(5_000));
    vi.advanceTimersByTime(3_000);
    expect(written.at(-1)).toContain("app/a: running, 0_slow, 8 s, and 1 more");
    expect(written.at(-1)).not.toContain("left");
    observe({ type: "rolloutEnded", outcomes: 2, durationMs: 9 });
    const { length } = written;
    vi.advanceTimersByTime(5_000);
    expect(written).toHaveLength(length);
  });

  test("reports once that a target waits for others of its rollout", () => {
    const written: string[] = [];
    const observe = showProgress({ write: (text) => written.push(text) });
    observe({ type: "rolloutStarted", id: "1", waves: 1, targets: 2, steps: 4 });
    const reason = "waits for app/b, which this rollout is migrating";
    for (const attempt of [1, 2, 3])
      observe({
        type: "targetRetried",
        target: target("a"),
        attempt,
        delayMs: 1,
        reason,
        waitFor: "rollout",
      });
    expect(written).toEqual([`app/a: ${reason}; attempt 2 in 1 ms\n`]);
  });
});
