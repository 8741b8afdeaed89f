import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { RolloutEvent } from "../../src/core/events.ts";
import { createDatabase, createRole } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  history,
  migrateAll,
} from "../support/fleet.ts";

const names = Array.from({ length: 10 }, (_, index) => `t${index}`);
const table = history("drizzle/app", { "0000_t": `CREATE TABLE "t" ("id" integer);` });
/** A migration that fails only for the tenant t3. */
const fussy = history("drizzle/app", {
  "0000_t": `CREATE TABLE "t" ("id" integer);\nSELECT 1 / (1 - (current_schema() = 'app_t3')::integer);`,
});

/** The waves in order, each with the tenants that ended in it. */
function waves(events: readonly RolloutEvent[]): [wave: string, tenants: string[]][] {
  const found = new Map<string, string[]>();
  for (const event of events) {
    if (event.type !== "targetEnded") continue;
    const tenant = event.outcome.target.tenant ?? event.outcome.target.service;
    found.set(event.wave, [...(found.get(event.wave) ?? []), tenant]);
  }
  return [...found].map(([wave, tenants]) => [wave, tenants.sort()]);
}

async function createFleet(files: Record<string, string>, more = {}) {
  const database = await createDatabase();
  const root = await createFolder(files);
  const fleet = appFleet(database.url, names, more);
  return { database, root, fleet, context: contextFor(root, fleet) };
}

describe("waves", () => {
  test("begin with the canary, then have the requested size", async () => {
    const { context } = await createFleet(table);
    const { events, outcomes } = await migrateAll(context, { canary: "t7,t2", wave: "40%" });
    expect(waves(events)).toEqual([
      ["canary", ["t2", "t7"]],
      ["wave 1 of 2", ["t0", "t1", "t3", "t4"]],
      ["wave 2 of 2", ["t5", "t6", "t8", "t9"]],
    ]);
    expect(outcomes.every(({ status }) => status === "succeeded")).toBe(true);
    const types = events.map(({ type }) => type);
    expect(types.filter((type) => type === "waveStarted")).toHaveLength(3);
    // A wave begins only when the one before it has ended.
    const order = events.flatMap((event) =>
      event.type === "waveStarted" || event.type === "waveEnded" ? [event.type] : [],
    );
    expect(order).toEqual([
      "waveStarted",
      "waveEnded",
      "waveStarted",
      "waveEnded",
      "waveStarted",
      "waveEnded",
    ]);
  });

  test("can be groups of tenants by attributes, in their order", async () => {
    const tenants = names.map((id, index) => ({
      id,
      // The registry keeps attributes as text.
      attributes: { plan: index < 3 ? "gold" : "free", staff: index === 9 ? "true" : false },
    }));
    const groups = { staff: { staff: true }, gold: { plan: ["gold", "platinum"] } };
    const { context } = await createFleet(table, { tenants, groups });
    const { events } = await migrateAll(context, { canary: "staff", wave: "gold" });
    expect(waves(events)).toEqual([
      ["canary", ["t9"]],
      ["gold", ["t0", "t1", "t2"]],
      ["the rest", ["t3", "t4", "t5", "t6", "t7", "t8"]],
    ]);
  });

  test("end after a failure in the canary, and the rest is not executed", async () => {
    const { context, database } = await createFleet(fussy);
    const result = await migrateAll(context, { canary: "4" });
    expect(result.stopped).toMatchObject({ kind: "canary" });
    expect(byTenant(result)).toMatchObject({
      t0: "succeeded 0000_t",
      t3: "failed",
      t4: "notExecuted",
      t9: "notExecuted",
    });
    expect(await database.query(`SELECT FROM pg_namespace WHERE nspname = 'app_t4'`)).toEqual([]);
  });

  test("end when the verify command fails, which reads the outcomes of each wave", async () => {
    const { context, root } = await createFleet(table);
    const log = join(root, "verified");
    // Fails when it sees the tenant t5, which is in the second wave.
    const verify = `input=$(cat); echo "$input" >> '${log}'; case "$input" in *'"app_t5"'*) exit 3;; esac`;
    const result = await migrateAll(context, { canary: "2", wave: "4", verify });
    const seen = (await readFile(log, "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(seen.map(({ wave, outcomes }) => [wave, outcomes.length])).toEqual([
      ["canary", 2],
      ["wave 1 of 2", 4],
    ]);
    expect(seen[0].outcomes[0]).toMatchObject({
      status: "succeeded",
      target: { schema: expect.stringMatching(/^app_t[01]$/) },
    });
    expect(result.stopped).toEqual({
      kind: "verify",
      message: "the verify command exited with code 3 after wave 1 of 2",
    });
    expect(result.outcomes.filter(({ status }) => status === "notExecuted")).toHaveLength(4);
  });

  test("can be interrupted during a soak, and the rest is not executed", async () => {
    const { root, fleet } = await createFleet(table);
    const stop = new AbortController();
    const context = { ...contextFor(root, fleet), signal: stop.signal };
    const startedAt = performance.now();
    const result = await migrateAll(context, { canary: "1", soakMs: 60_000 }, ({ type }) => {
      if (type === "soakStarted") setTimeout(() => stop.abort(), 50);
    });
    expect(performance.now() - startedAt).toBeLessThan(30_000);
    expect(result.stopped?.kind).toBe("interrupted");
    expect(result.outcomes.filter(({ status }) => status === "notExecuted")).toHaveLength(9);
    // The next run continues from there: waves contain only tenants that have something to do.
    const next = await migrateAll(contextFor(root, fleet), { canary: "1", soakMs: 1 });
    expect(waves(next.events)[0]).toEqual(["canary", ["t1"]]);
    expect(byTenant(next).t0).toBe("skipped");
  });

  test("end after a canary that could not begin", async () => {
    const { database, root } = await createFleet(table);
    const { role, url } = await createRole(database);
    const context = contextFor(root, appFleet(url, ["a", "b"], { connectTimeout: 300 }));
    const result = await migrateAll(context, { canary: "a" }, ({ type }) => {
      if (type === "rolloutStarted") void database.query(`ALTER ROLE ${role} NOLOGIN`);
      if (type === "waveEnded") void database.query(`ALTER ROLE ${role} LOGIN`);
    });
    // It is a matter of chance whether the canary connects before the role loses LOGIN. If it does not, b must not run.
    if (byTenant(result).a === "notExecuted") expect(byTenant(result).b).toBe("notExecuted");
    expect(byTenant(result).a).toMatch(/succeeded|notExecuted/);
  });

  test("refuse a canary or a size that selects no tenant", async () => {
    const { context } = await createFleet(table, { groups: { staff: { staf: true } } });
    for (const canary of ["staff", ",", "", "0%", "0"])
      await expect(migrateAll(context, { canary }), canary).rejects.toMatchObject({
        code: "usage",
      });
    await expect(migrateAll(context, { wave: "0%" })).rejects.toMatchObject({ code: "usage" });
    // A canary that this run does not select is not an error: the run then has no canary.
    const { events } = await migrateAll(context, { canary: "t1", tenants: ["t2"] });
    expect(waves(events)).toEqual([["all", ["t2"]]]);
  });

  test("refuse unknown or ambiguous names before anything is done", async () => {
    const { context, database } = await createFleet(table, {
      tenants: [...names, "5", "gold"],
      groups: { gold: { plan: "gold" } },
    });
    await expect(migrateAll(context, { canary: "t77" })).rejects.toMatchObject({
      code: "usage",
      message: `tenant or group "t77" does not exist`,
      remedy: expect.stringContaining("t7"),
    });
    await expect(migrateAll(context, { canary: "gold" })).rejects.toMatchObject({
      message: "--canary gold is ambiguous",
    });
    await expect(migrateAll(context, { wave: "5" })).rejects.toMatchObject({
      message: "--wave 5 is ambiguous",
    });
    expect(await database.query(`SELECT FROM pg_namespace WHERE nspname LIKE 'app%'`)).toEqual([]);
    const { events } = await migrateAll(context, { canary: "tenant:gold" });
    expect(waves(events)[0]).toEqual(["canary", ["gold"]]);
  });
});
