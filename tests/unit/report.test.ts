import { describe, expect, test } from "vitest";
import type { RolloutEvent } from "../../src/core/events.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import { migrateText, summarize } from "../../src/report/migrate.ts";
import { showProgress } from "../../src/report/progress.ts";
import { table } from "../../src/report/table.ts";

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

describe("table", () => {
  test("numbers stand to the right, wide characters count twice", () => {
    expect(
      table(
        ["name", "count"],
        [
          ["日本", 5],
          ["x", 10],
        ],
      ),
    ).toEqual(["name  count", "日本      5", "x        10"]);
  });
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
    expect(migrateText({ outcomes })).toContain("1 of 4 targets failed, 1 target not executed.");
    expect(migrateText({ outcomes: [outcome("b", "skipped")] })).toContain(
      "Nothing to do: 1 target at head.",
    );
    expect(migrateText({ outcomes: [] })).toContain("the selection has no targets");
  });
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

  test("plain lines where there is no terminal, none for targets that had nothing to do", () => {
    expect(shown(false, 80)).toEqual(["app/a: succeeded, 2 applied in 5 ms\n"]);
  });

  test("a bar on a terminal, never wider than it, and gone at the end", () => {
    const written = shown(true, 40);
    expect(written[0]).toContain("[------------] 0/2 targets");
    for (const text of written) expect(text.replace("\r\u001b[2K", "").length).toBeLessThan(40);
    expect(written.at(-1)).toBe("\r\u001b[2K");
  });

  test("a kind of failure is told of once, however many targets it strikes", () => {
    const written: string[] = [];
    const observe = showProgress({ isTTY: false, write: (text) => written.push(text) });
    for (const [tenant, message] of [
      ["a", "no connection for app_a at 10.0.0.1"],
      ["b", "no connection for app_b at 10.0.0.2"],
      ["c", "no password"],
    ] as const) {
      const failed = { ...outcome(tenant, "failed"), failure: { message, remedy: "" } };
      observe({ type: "targetEnded", wave: "all", outcome: failed });
    }
    expect(written).toEqual([
      "app/a: failed: no connection for app_a at 10.0.0.1\n",
      "app/c: failed: no password\n",
    ]);
  });
});
