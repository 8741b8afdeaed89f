import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { check } from "../../src/operations/check.ts";
import { type GenerateOptions, generate } from "../../src/operations/generate.ts";
import { acceptEdited } from "../../src/operations/generate-accept.ts";
import { findingText } from "../../src/report/check.ts";
import { createProject, type Installed } from "../support/cli.ts";
import { createDatabase } from "../support/database.ts";
import { appFleet, contextFor, downgradeAll, migrateAll, writeFiles } from "../support/fleet.ts";

// Changes for which drizzle-kit writes no SQL, or only a part of it.

const imports = `import { sql } from "drizzle-orm";
import { integer, pgMaterializedView, pgPolicy, pgSequence, pgTable, pgView, text } from "drizzle-orm/pg-core";
`;

async function create(layout: Installed, schema: string) {
  const database = await createDatabase();
  const project = await createProject({}, layout);
  const context = contextFor(project, appFleet(database.url, ["a"]));
  const change = (text: string) => writeFiles(project, { "schema/all.ts": imports + text });
  const make = async (name: string, more: Partial<GenerateOptions> = {}) => {
    const [made] = await generate(context, { services: [], name, ...more });
    return made?.migration;
  };
  const found = async () => (await check(context, [])).map(findingText).join("\n");
  await change(schema);
  await make("one", { proof: false });
  const folder = join(project, "drizzle/app");
  const file = async (pattern: RegExp) => {
    const names = (await readdir(folder, { recursive: true })).sort();
    return names.find((name) => pattern.test(name)) ?? "";
  };
  return { database, context, folder, file, change, make, found };
}

const both = ["journal", "folders"] as const;

const before = `export const t = pgTable("t", {
  id: integer("id").generatedAlwaysAsIdentity({ name: "one_seq" }),
  a: text("a"),
}, () => [pgPolicy("p", { for: "update", using: sql\`id > 1\`, withCheck: sql\`id > 2\` })]);
export const s = pgSequence("s", { maxValue: 9, cycle: true });
export const v = pgView("v").as((qb) => qb.select().from(t));
export const m = pgMaterializedView("m").as((qb) => qb.select().from(t));
`;
const after = before
  .replace("one_seq", "two_seq")
  .replace(", withCheck: sql`id > 2`", "")
  .replace("cycle: true", "cycle: false")
  .replace('pgView("v")', 'pgMaterializedView("v")')
  .replace('pgMaterializedView("m")', 'pgView("m")');

const facts = `SELECT
  (SELECT pg_get_serial_sequence('app_a.t', 'id')) AS sequence,
  (SELECT cycle FROM pg_sequences WHERE schemaname = 'app_a' AND sequencename = 's') AS cycle,
  (SELECT with_check FROM pg_policies WHERE schemaname = 'app_a') AS check,
  (SELECT relrowsecurity FROM pg_class WHERE oid = 'app_a.t'::regclass) AS rls,
  (SELECT relkind FROM pg_class WHERE oid = 'app_a.v'::regclass) AS v,
  (SELECT relkind FROM pg_class WHERE oid = 'app_a.m'::regclass) AS m`;
const old = {
  sequence: "app_a.one_seq",
  cycle: true,
  check: "(id > 2)",
  rls: true,
  v: "v",
  m: "m",
};
const now = { sequence: "app_a.two_seq", cycle: false, check: null, rls: true, v: "m", m: "v" };

test.each(both)("generate adds what drizzle-kit omits, up and down: %s", async (layout) => {
  const { database, context, change, make } = await create(layout, before);
  await migrateAll(context);
  expect(await database.query(facts)).toEqual([old]);
  await change(after);
  expect(await make("two")).toMatchObject({ unfinished: false, unproved: undefined });
  await migrateAll(context);
  expect(await database.query(facts)).toEqual([now]);
  await downgradeAll(context, { count: 1 });
  expect(await database.query(facts)).toEqual([old]);
});

test("generate names a difference without SQL, which can be completed by hand", async () => {
  const { context, folder, file, change, make, found } = await create("journal", before);
  // An option that drizzle-kit 0.31 stores but does not compare.
  const snapshot = await file(/_snapshot\.json$/);
  const text = (await readFile(join(folder, snapshot), "utf8")).replace(
    /("name": "one_seq",\s*"schema": )"public"/,
    '$1"elsewhere"',
  );
  await writeFiles(folder, { [snapshot]: text });
  const said =
    'drizzle-kit generated no SQL for column t.id: identity.schema was "elsewhere" and is "public"';
  expect(await found()).toContain(said);
  const made = await make("two");
  expect(made).toMatchObject({ unfinished: true, notes: [expect.stringContaining(said)] });
  expect(made?.sql).toBe(`-- drizzle-fleet: unfinished ${said}\n`);
  expect(await found()).toContain("0001_two");
  await writeFiles(folder, { "0001_two.sql": "SELECT 1;\n", "0001_two.down.sql": "SELECT 1;\n" });
  await acceptEdited(context, []);
  await change(before);
  expect(await make("three")).toBeUndefined();
  expect(await found()).not.toContain("drizzle-kit generated no SQL");
});

test.each(both)("generate does not name differences without effect: %s", async (layout) => {
  const { change, make } = await create(
    layout,
    `export const t = pgTable("t", { a: text("a"), x: integer("x").generatedAlwaysAsIdentity() });
export const s = pgSequence("s");
export const m = pgMaterializedView("m").as((qb) => qb.select({ a: t.a }).from(t));`,
  );
  await change(`export const s = pgSequence("s", { cycle: false, increment: 1, startWith: 1 });
export const t = pgTable("t", { x: integer("x").generatedAlwaysAsIdentity({ name: "t_x_seq", cycle: false, startWith: 1 }), a: text("a") });
export const m = pgMaterializedView("m").withNoData().as((qb) => qb.select({ a: t.a }).from(t));`);
  expect(await make("two")).toBeUndefined();
});
