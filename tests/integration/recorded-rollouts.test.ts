import { expect, test } from "vitest";
import { createRolloutTables } from "../../src/control/create.ts";
import {
  readOutcomes,
  readRecordedGoals,
  readRecordedSchemas,
  readRollouts,
} from "../../src/control/rollouts.ts";
import { insertOutcomes, insertRollout } from "../../src/control/write.ts";
import type { DatabaseAddress } from "../../src/core/database.ts";
import type { NewRollout, OutcomeRecord, RolloutGoal } from "../../src/core/rollout.ts";
import { type Session, withSession } from "../../src/postgres/session.ts";
import { sqlstateOf } from "../../src/postgres/sqlstate.ts";
import { createDatabase } from "../support/database.ts";
import { migrateAll } from "../support/fleet.ts";
import { createFleet } from "../support/small-fleet.ts";

const rollout: NewRollout = {
  id: "20261121-231840-4f2a",
  database: "main",
  verb: "migrate",
  selection: { to: null, tenants: ['quote " and \\ and {braces}'] },
  startedBy: "me@here",
  waves: ["canary", 'a "second" \\ one, with {all}', ""],
  targets: 2,
};

const goal: RolloutGoal = {
  direction: "up",
  ends: { app: "0001_{b},c\\", none: null },
  databases: ["main", "other"],
  schemas: ["app_00001", "app_00002", 'app_"3"'],
};

function outcome(number: number, more: Partial<OutcomeRecord> = {}): OutcomeRecord {
  return {
    service: "app",
    tenant: null,
    schema: `app_${String(number).padStart(5, "0")}`,
    wave: "canary",
    status: "succeeded",
    applied: [],
    durationMs: number,
    failure: null,
    ...more,
  };
}

async function inControl<Result>(
  use: (session: Session, address: DatabaseAddress) => Promise<Result>,
): Promise<Result> {
  const { url } = await createDatabase();
  const address = { name: "main", url };
  return withSession(address, { waitMs: 5_000 }, async (session) => {
    await createRolloutTables(session);
    return use(session, address);
  });
}

test("recorded outcomes are read unchanged, whatever they contain", async () => {
  await inControl(async (session) => {
    const failure = { message: `it's "so" \\ {and} $1`, remedy: "", retryable: false, holders: [] };
    const records = [
      outcome(1, { tenant: 'ö"', applied: ['0000_"a"', "0001_{b},c\\", "NULL"] }),
      outcome(2, { status: "failed", failure }),
    ];
    await insertRollout(session, rollout, 90_000, goal);
    await insertRollout(session, { ...rollout, verb: "another" }, 0);
    await insertOutcomes(session, rollout, records);
    await insertOutcomes(
      session,
      rollout,
      records.map((one) => ({ ...one, wave: "again" })),
    );
    const startedAt = expect.any(Date);
    expect(await readRollouts(session, "main", { prefix: "20261121-", limit: 5 })).toEqual([
      { ...rollout, startedAt, counts: { failed: 1, succeeded: 1 }, concerned: goal.databases },
    ]);
    expect(await readRollouts(session, "main", { prefix: "%", limit: 5 })).toEqual([]);
    expect(await readOutcomes(session, "main", rollout.id)).toEqual(records);
    const { ends, databases } = goal;
    const { id, selection } = rollout;
    expect(await readRecordedGoals(session, "main")).toEqual([
      { id, selection, startedAt, direction: "up", goal: { ends, databases } },
    ]);
    const schemas = ["app_00001", "app_00002", 'app_"3"', "app_4"];
    const { covered, failed } = await readRecordedSchemas(session, "main", schemas);
    expect([...covered.keys()].sort()).toEqual(goal.schemas.toSorted());
    expect(failed.get("app_00001")).toEqual(new Set());
    expect(failed.get("app_00002")).toEqual(new Set([id]));
    const [row] = await session.query(
      `SELECT round(extract(epoch FROM now() - started_at)) AS ago FROM drizzle_fleet.rollouts`,
    );
    expect(Number(row?.ago)).toBeGreaterThanOrEqual(90);
    expect(Number(row?.ago)).toBeLessThan(150);
  });
});

test("more outcomes can be recorded than a statement can have parameters", async () => {
  await inControl(async (session) => {
    const records = Array.from({ length: 12_000 }, (_, number) => outcome(number));
    await insertRollout(session, rollout, 0);
    await insertOutcomes(session, rollout, records);
    expect(await readOutcomes(session, "main", rollout.id)).toEqual(records);
  });
});

test("errors are recorded as the server worded them, without the statement and its values", async () => {
  await inControl(async (session) => {
    const error = await insertOutcomes(session, rollout, [outcome(1)]).catch((refused) => refused);
    expect(sqlstateOf(error)).toBe("23503");
    expect(error.message).toMatch(/violates foreign key constraint/);
    expect(error.message).not.toMatch(/Failed query|insert into|app_00001/i);
  });
});

test("rollouts of an earlier version are read without goals, and the table for goals is added", async () => {
  await inControl(async (session, address) => {
    const version = { ...rollout, id: "20261120-000000-0000", selection: { to: "0001_b" } };
    await insertRollout(session, version, 0);
    await insertOutcomes(session, version, [outcome(1)]);
    await session.script("DROP TABLE drizzle_fleet.goals");
    await withSession(address, { waitMs: 5_000 }, async (other) => {
      expect(await readRecordedGoals(other, "main")).toMatchObject([
        { id: version.id, goal: null },
      ]);
      const { covered } = await readRecordedSchemas(other, "main", ["app_00001", "app_00002"]);
      expect([...covered]).toEqual([["app_00001", new Set([version.id])]]);
      await createRolloutTables(other);
      await insertRollout(other, rollout, 0, goal);
      expect(await readRecordedGoals(other, "main")).toMatchObject([
        { id: rollout.id, goal: { ends: goal.ends } },
        { id: version.id, goal: null },
      ]);
    });
  });
});

test("a warning comes before the first target if outcomes cannot be recorded, and only once", async () => {
  const table = { "0000_t": `CREATE TABLE "t" ();` };
  const { database, context } = await createFleet({ tenants: ["a", "b"], migrations: table });
  await database.query(
    `CREATE SCHEMA drizzle_fleet; CREATE VIEW drizzle_fleet.rollouts AS SELECT 1`,
  );
  const order: string[] = [];
  const notify = (line: string) => order.push(line);
  await migrateAll({ ...context, notify, notified: new Set() }, {}, ({ type }) => order.push(type));
  const warning = expect.stringMatching(
    /^Warning: outcomes cannot be recorded in database main \(.+\)/,
  );
  expect(order.filter((line) => !/^[a-zA-Z]+$/.test(line))).toEqual([warning]);
  expect(order.findIndex((line) => line.startsWith("Warning"))).toBeLessThan(
    order.indexOf("targetStarted"),
  );
});
