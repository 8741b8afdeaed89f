import { expect, test } from "vitest";
import { shortList } from "../../src/core/count.ts";
import type { Step } from "../../src/core/plan.ts";
import { historyOf } from "../../src/plan/history.ts";
import { planTarget } from "../../src/plan/migrate.ts";
import { migrateText } from "../../src/report/migrate.ts";
import { planText } from "../../src/report/plan.ts";
import { showProgress } from "../../src/report/progress.ts";
import { writtenText } from "../../src/report/style.ts";
import { Halt } from "../../src/rollout/halt.ts";
import { editedPart } from "../../src/rollout/step.ts";

const target = { database: "main", service: "app", tenant: "acme", schema: "app_acme" };
const failure = { message: "no", remedy: "Look.", retryable: true };
const failed = { target, status: "failed" as const, applied: [], durationMs: 1, failure };

test("a count of one has a singular noun", () => {
  const plan = (relations: number) =>
    planTarget(target, historyOf([]), { kind: "noLedger", relations }, { allowOutOfOrder: false });
  expect(plan(1).problems[0]?.message).toBe(
    'schema "app_acme" contains 1 table, view or sequence, but no ledger',
  );
  expect(plan(2).problems[0]?.message).toBe(
    'schema "app_acme" contains 2 tables, views or sequences, but no ledger',
  );
  const waves = [{ name: "all", canary: false, targets: [plan(1)] }];
  expect(planText({ waves }).split("\n").at(-1)).toBe(
    "0 migrations to apply to 0 targets; 1 target cannot be changed.",
  );
  expect(
    writtenText(migrateText({ outcomes: [failed] }), {})
      .split("\n")
      .at(-1),
  ).toBe("1 of 1 target failed.");
  expect(shortList(["a"])).toBe("a");
});

test("one failure that ends a rollout, and one edited statement, are in the singular", () => {
  const halt = new Halt(new AbortController().signal, 0, () => {});
  halt.count(failed);
  expect(halt.stop?.message).toBe("1 target failed (limit: 0)");
  const step: Step = {
    ...{ action: "apply", tag: "0001_b", checksum: "x", resumeAt: 1, ledger: "", ledgerAfter: "" },
    ...{ resumeChecksum: "other", begun: false },
  };
  const file = { file: "0001_b.sql", downFile: "0001_b.down.sql" };
  const migration = { service: "app", tag: "0001_b", checksum: "x", text: "", ...file };
  expect(editedPart(step, { migration, statements: [], sharedSchemas: [] })).toBe(
    "the first statement of 0001_b was edited after it was applied",
  );
});

test("the progress bar for one target is in the singular", () => {
  const written: string[] = [];
  const observe = showProgress({ isTTY: true, columns: 120, write: (text) => written.push(text) });
  observe({ type: "rolloutStarted", id: "1", waves: 1, targets: 1, steps: 1 });
  observe({ type: "targetRetried", target, attempt: 1, delayMs: 5, reason: "locked" });
  observe({ type: "rolloutEnded", outcomes: 1, durationMs: 5 });
  expect(written.join("")).toContain("0/1 target  0/1 migration  ");
});
