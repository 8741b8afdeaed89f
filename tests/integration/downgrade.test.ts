import { describe, expect, test } from "vitest";
import type { FleetInput } from "../../src/config/schema.ts";
import { createDatabase, type TestDatabase, urlWith } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  downgradeAll,
  type Files,
  history,
  migrateAll,
} from "../support/fleet.ts";
import { BreakingProxy } from "../support/proxy.ts";

const migrations = {
  "0000_people": `CREATE TABLE "people" ("id" serial PRIMARY KEY, "email" text, "nick" text);
INSERT INTO "people" ("email", "nick") VALUES ('a', 'x'), ('b', 'y');`,
  "0001_kind": `CREATE TYPE "public"."kind" AS ENUM ('a', 'b');
ALTER TABLE "people" ADD COLUMN "kind" "public"."kind" DEFAULT 'a' NOT NULL;`,
  "0002_nullable": `ALTER TABLE "people" DROP CONSTRAINT IF EXISTS "nick_known";
ALTER TABLE "people" ADD COLUMN "note" text;`,
};

const downs = {
  "0000_people": `DROP TABLE "public"."people";`,
  "0001_kind": `ALTER TABLE "people" DROP COLUMN "kind";\n--> statement-breakpoint\nDROP TYPE "public"."kind";`,
  "0002_nullable": `ALTER TABLE "people" DROP COLUMN "note";
--> statement-breakpoint
ALTER TABLE "people" ALTER COLUMN "nick" SET NOT NULL;
ALTER TABLE "people" ALTER COLUMN "nick" DROP NOT NULL;`,
};

function downFiles(files: Files): Files {
  return Object.fromEntries(
    Object.entries(files).map(([tag, sql]) => [`drizzle/app/${tag}.down.sql`, sql]),
  );
}

/** A fleet at the head of these migrations, which have these downs. */
async function fleetAtHead({
  tenants = ["a"],
  ups = migrations,
  back = downs,
  more = {},
}: {
  tenants?: string[];
  ups?: Files;
  back?: Files;
  more?: Partial<FleetInput>;
} = {}) {
  const database = await createDatabase();
  const root = await createFolder({ ...history("drizzle/app", ups), ...downFiles(back) });
  const context = contextFor(root, appFleet(database.url, tenants, more));
  await migrateAll(context);
  return { database, root, context };
}

async function tags(database: TestDatabase, tenant = "a"): Promise<string[]> {
  const rows = await database.query(`SELECT tag FROM app_${tenant}.__fleet_ledger ORDER BY tag`);
  return rows.map(({ tag }) => tag);
}

describe("so many back", () => {
  test("is counted once: an attempt that is repeated takes back no more", async () => {
    const { database, context } = await fleetAtHead({
      ups: { ...migrations, "0003_wait": `CREATE TABLE "wait" ();` },
      back: { ...downs, "0003_wait": `DROP TABLE "wait";` },
      more: { timeouts: { lock: "100ms" } },
    });
    const reader = await database.connect();
    await reader.query(`BEGIN; SELECT * FROM app_a.people`);
    // The first one is taken back; the second one waits for the reader, and the target is planned anew.
    let retried = 0;
    const running = downgradeAll(context, { count: 2 }, {}, ({ type }) => {
      if (type === "targetRetried") retried += 1;
      if (retried === 1) void reader.query("COMMIT");
    });
    expect(byTenant(await running)).toEqual({ a: "succeeded 0003_wait,0002_nullable" });
    expect(retried).toBeGreaterThan(0);
    expect(await tags(database)).toEqual(["0000_people", "0001_kind"]);
  });

  test("is one back, also when the answer to its commit is lost", async () => {
    const { database, root } = await fleetAtHead();
    const proxy = await BreakingProxy.open(Number(new URL(database.url).port));
    const url = urlWith(database.url, { port: String(proxy.port) });
    const context = contextFor(root, appFleet(url, ["a"]));
    const lost = { at: "commit", place: "answered", after: 0, share: 0, reset: true } as const;
    proxy.cutAtMessages([{ ...lost, lateMs: 0 }]);
    expect(byTenant(await downgradeAll(context, { count: 1 }))).toEqual({
      a: "succeeded 0002_nullable",
    });
    expect(proxy.cuts).toBe(1);
    expect(await tags(database)).toEqual(["0000_people", "0001_kind"]);
  });

  test("says which migration stays, for whoever goes on with what failed", async () => {
    const { database, context } = await fleetAtHead({ tenants: ["a", "b"] });
    await database.query(`UPDATE app_b.people SET nick = NULL`);
    const run = await downgradeAll(context, { count: 1 });
    expect(byTenant(run)).toEqual({ a: "succeeded 0002_nullable", b: "failed" });
    expect(run.goal).toEqual({ tag: "0001_kind" });
    await expect(downgradeAll(context, { count: 1 }, { failed: true })).rejects.toMatchObject({
      code: "usage",
      remedy: expect.stringContaining("Name the one that stays"),
    });
  });
});
