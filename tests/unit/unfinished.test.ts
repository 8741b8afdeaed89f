import { expect, test } from "vitest";
import type { Migration } from "../../src/core/migration.ts";
import { historyOf } from "../../src/plan/history.ts";
import {
  type EarlierRollout,
  isBehind,
  isUnfinished,
  positionOf,
} from "../../src/plan/unfinished.ts";

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
  return positionOf(history, { kind: "ledger", entries });
}

const up: EarlierRollout = { direction: "up", end: "0002", same: true, failed: false };
const down: EarlierRollout = { direction: "down", end: "0000", same: true, failed: false };
const failing = (passed: EarlierRollout): EarlierRollout => ({ ...passed, failed: true });

function unfinished(
  position: ReturnType<typeof at>,
  direction: "up" | "down",
  rollouts: readonly EarlierRollout[],
  hasProblem = false,
): boolean {
  return isUnfinished({ position, direction, rollouts, hasProblem }, history);
}

test("the ledger says whether a target is short of its end", () => {
  expect(isBehind(at(), history, "up", "0000")).toBe(true);
  expect(isBehind(at("0000"), history, "up", "0000")).toBe(false);
  expect(isBehind(at("0000", "0002"), history, "up", "0002")).toBe(true);
  expect(isBehind(at("0000"), history, "up", null)).toBe(false);
  // If the tag is no longer on disk, head is the goal.
  expect(isBehind(at("0000", "0001"), history, "up", "gone")).toBe(true);
  expect(isBehind(at(...tags), history, "up", "gone")).toBe(false);
  expect(isBehind(at("0000", "0001"), history, "down", "0000")).toBe(true);
  expect(isBehind(at("0000"), history, "down", "0000")).toBe(false);
  expect(isBehind(at("0000"), history, "down", null)).toBe(true);
  expect(isBehind(at(), history, "down", null)).toBe(false);
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
