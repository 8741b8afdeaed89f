import { describe, expect, test } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { lockKey } from "../../src/postgres/lock.ts";
import { isConnectionLoss, isRetryable, sqlstateOf } from "../../src/postgres/sqlstate.ts";
import { retryDelay } from "../../src/rollout/retry.ts";
import { giveUp, type TargetJob } from "../../src/rollout/target-job.ts";

test("the pause before a retry doubles, is capped, and is never less than half of it", () => {
  const policy = { attempts: 10, minDelay: 50, maxDelay: 5_000 };
  const shortest = [1, 2, 3, 4, 20].map((attempt) => retryDelay(attempt, policy, () => 0));
  const longest = [1, 2, 3, 4, 20].map((attempt) => retryDelay(attempt, policy, () => 1));
  expect(shortest).toEqual([25, 50, 100, 200, 2500]);
  expect(longest).toEqual([50, 100, 200, 400, 5000]);
});

test("a target whose connection was lost before its migrations were flushed is in doubt, and says why", () => {
  const job: TargetJob = {
    plan: {
      target: { database: "main", service: "app", tenant: "a", schema: "app_a" },
      current: undefined,
      steps: [],
      pending: 0,
      problems: [],
      create: "nothing",
      sealed: true,
    },
    mayCreate: false,
    applied: ["0000_people"],
    attempts: 1,
    waits: 0,
    startedAt: 0,
    unanswered: true,
  };
  expect(giveUp(job, systemClock)).toMatchObject({
    status: "inDoubt",
    failure: {
      message: expect.stringContaining("on disk"),
      remedy: expect.stringContaining("Run the same command again"),
    },
  });
});

describe("SQLSTATEs", () => {
  const server = (code: string) => Object.assign(new Error("x"), { code, severity: "ERROR" });
  test("are retried only if listed", () => {
    for (const code of [
      "55P03",
      "40P01",
      "40001",
      "57P01",
      "57P03",
      "53300",
      "08006",
      "TF001",
      "TF003",
    ])
      expect(isRetryable(server(code)), code).toBe(true);
    for (const code of ["42601", "23505", "42501", "57014", "TF002", "XX000"])
      expect(isRetryable(server(code)), code).toBe(false);
  });

  test("are retried if two sessions changed one object at the same time", () => {
    const race = { message: "tuple concurrently updated" };
    expect(isRetryable(Object.assign(server("XX000"), race))).toBe(true);
    expect(isRetryable(Object.assign(server("23505"), { schema: "pg_catalog" }))).toBe(true);
    expect(isRetryable(Object.assign(server("23505"), { schema: "app_a" }))).toBe(false);
  });

  test("do not exist for a network error, which is a lost connection", () => {
    const reset = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
    expect([isConnectionLoss(reset), isRetryable(reset), sqlstateOf(reset)]).toEqual([
      true,
      true,
      undefined,
    ]);
    expect(sqlstateOf(Object.assign(new Error("x"), { code: "EPIPE" }))).toBeUndefined();
    expect(isConnectionLoss(new Error("Connection terminated unexpectedly"))).toBe(true);
    expect(isConnectionLoss(new TypeError("x is not a function"))).toBe(false);
  });
});

test("each target has its own lock key, a bigint", () => {
  const keys = new Set(Array.from({ length: 10_000 }, (_, index) => lockKey(`auth_${index}`)));
  expect(keys.size).toBe(10_000);
  for (const key of keys) expect(BigInt.asIntN(64, BigInt(key))).toBe(BigInt(key));
});
