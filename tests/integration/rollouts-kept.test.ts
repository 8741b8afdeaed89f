import { expect, test } from "vitest";
import { createControlTables } from "../../src/control/create.ts";
import { readFailed, readOutcomes, readRollouts } from "../../src/control/rollouts.ts";
import { insertOutcomes, insertRollout } from "../../src/control/write.ts";
import type { OutcomeRecord, RolloutRecord } from "../../src/core/rollout.ts";
import { type Session, withSession } from "../../src/postgres/session.ts";
import { sqlstateOf } from "../../src/postgres/sqlstate.ts";
import { createDatabase } from "../support/database.ts";

const rollout: RolloutRecord = {
  id: "20261121-231840-4f2a",
  database: "main",
  verb: "migrate",
  selection: { to: null, tenants: ['quote " and \\ and {braces}'] },
  startedAt: new Date("2026-11-21T23:18:40.123Z"),
  startedBy: "me@here",
  waves: ["canary", 'a "second" \\ one, with {all}', ""],
  targets: 2,
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

async function inControl<Result>(use: (session: Session) => Promise<Result>): Promise<Result> {
  const { url } = await createDatabase();
  return withSession({ name: "main", url }, { waitMs: 5_000 }, async (session) => {
    await createControlTables(session);
    return use(session);
  });
}

test("what is kept is read as it was, whatever it contains", async () => {
  await inControl(async (session) => {
    const failure = { message: `it's "so" \\ {and} $1`, remedy: "", holders: [] };
    const records = [
      outcome(1, { tenant: 'ö"', applied: ['0000_"a"', "0001_{b},c\\", "NULL"] }),
      outcome(2, { status: "failed", failure }),
    ];
    await insertRollout(session, rollout);
    await insertRollout(session, { ...rollout, verb: "another" });
    await insertOutcomes(session, rollout, records);
    await insertOutcomes(
      session,
      rollout,
      records.map((one) => ({ ...one, wave: "again" })),
    );
    expect(await readRollouts(session, "main", "20261121-", 5)).toEqual([
      { ...rollout, counts: { failed: 1, succeeded: 1 } },
    ]);
    expect(await readRollouts(session, "main", "%", 5)).toEqual([]);
    expect(await readOutcomes(session, "main", rollout.id)).toEqual(records);
    const course = { verb: "migrate", end: { key: "to", value: null } } as const;
    expect(await readFailed(session, "main", course)).toEqual([
      { service: "app", schema: "app_00002" },
    ]);
  });
});

test("more outcomes than a statement may have parameters for", async () => {
  await inControl(async (session) => {
    const records = Array.from({ length: 12_000 }, (_, number) => outcome(number));
    await insertRollout(session, rollout);
    await insertOutcomes(session, rollout, records);
    expect(await readOutcomes(session, "main", rollout.id)).toEqual(records);
  });
});

test("an error is the server's own, without the statement and its values", async () => {
  await inControl(async (session) => {
    const error = await insertOutcomes(session, rollout, [outcome(1)]).catch((refused) => refused);
    expect(sqlstateOf(error)).toBe("23503");
    expect(error.message).toMatch(/violates foreign key constraint/);
    expect(error.message).not.toMatch(/Failed query|insert into|app_00001/i);
  });
});
