import { expect, test } from "vitest";
import type { Migration } from "../../src/core/migration.ts";
import { historyOf } from "../../src/plan/build.ts";
import { isShort, isUnfinished, type Passed, standingOf } from "../../src/plan/unfinished.ts";

const tags = ["0000", "0001", "0002"];
const history = historyOf(
  tags.map(
    (tag): Migration => ({
      service: "app",
      tag,
      file: "",
      checksum: tag,
      text: "",
      downFile: "",
    }),
  ),
);

/** A target with these migrations. */
function at(...applied: string[]) {
  const entries = applied.map((tag) => ({ tag, checksum: tag }));
  return standingOf(history, { kind: "ledger", entries });
}

const up: Passed = { direction: "up", end: "0002", same: true, failed: false };
const down: Passed = { direction: "down", end: "0000", same: true, failed: false };
const failing = (passed: Passed): Passed => ({ ...passed, failed: true });

function unfinished(
  standing: ReturnType<typeof at>,
  direction: "up" | "down",
  passed: readonly Passed[],
  troubled = false,
): boolean {
  return isUnfinished(standing, history, direction, passed, troubled);
}

test("the ledger decides whether a target has reached its goal", () => {
  expect(isShort(at(), history, "up", "0000")).toBe(true);
  expect(isShort(at("0000"), history, "up", "0000")).toBe(false);
  expect(isShort(at("0000", "0002"), history, "up", "0002")).toBe(true);
  expect(isShort(at("0000"), history, "up", null)).toBe(false);
  // A tag that is not on disk any more: head is what is known.
  expect(isShort(at("0000", "0001"), history, "up", "gone")).toBe(true);
  expect(isShort(at(...tags), history, "up", "gone")).toBe(false);
  expect(isShort(at("0000", "0001"), history, "down", "0000")).toBe(true);
  expect(isShort(at("0000"), history, "down", "0000")).toBe(false);
  expect(isShort(at("0000"), history, "down", null)).toBe(true);
  expect(isShort(at(), history, "down", null)).toBe(false);
});

test("a target that has not reached the goal of a rollout is unfinished, whatever its outcome", () => {
  expect(unfinished(at("0000"), "up", [up])).toBe(true);
  expect(unfinished(at(...tags), "up", [up])).toBe(false);
  expect(unfinished(at(...tags), "up", [failing(up)])).toBe(false);
  expect(unfinished(at(...tags), "up", [failing(up)], true)).toBe(true);
  expect(unfinished(at("0000"), "up", [])).toBe(false);
  expect(unfinished(at("0000", "0001"), "up", [{ ...up, end: "0001" }])).toBe(false);
});

test("a later run to another migration hides no unfinished target", () => {
  const elsewhere = { ...up, end: "0000", same: false };
  expect(unfinished(at("0000"), "up", [elsewhere, up])).toBe(true);
  expect(unfinished(at("0000"), "up", [elsewhere])).toBe(false);
});

test("a rollout in the other direction cancels unfinished targets, but not failures", () => {
  expect(unfinished(at("0000"), "up", [down, up])).toBe(false);
  expect(unfinished(at("0000"), "up", [failing(down), up])).toBe(true);
  expect(unfinished(at("0000"), "up", [down, failing(up)])).toBe(true);
  expect(unfinished(at(...tags), "down", [up, down])).toBe(false);
  expect(unfinished(at(...tags), "down", [up, failing(down)])).toBe(true);
});

test("a finished downgrade is not unfinished again after the next migration", () => {
  expect(unfinished(at(...tags), "down", [up, down, failing(down)])).toBe(false);
});
