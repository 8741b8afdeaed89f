import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createProject, type Installed, runCli } from "../support/cli.ts";
import { createDatabase } from "../support/database.ts";
import { appFleet, configFile, writeFiles } from "../support/fleet.ts";

// Changes that drizzle-kit writes no SQL for, or not all of it.

const imports = `import { sql } from "drizzle-orm";
import { integer, pgMaterializedView, pgPolicy, pgSequence, pgTable, pgView, text } from "drizzle-orm/pg-core";
`;

async function create(layout: Installed, schema: string) {
  const database = await createDatabase();
  const fleet = appFleet(database.url, ["a"]);
  const project = await createProject({ "drizzle.config.ts": configFile(fleet) }, layout);
  const change = (text: string) => writeFiles(project, { "schema/all.ts": imports + text });
  const cli = (...args: string[]) => runCli(project, args);
  await change(schema);
  expect(await cli("generate", "--name", "one", "--no-proof")).toMatchObject({ code: 0 });
  const folder = join(project, "drizzle/app");
  const file = async (pattern: RegExp) => {
    const names = (await readdir(folder, { recursive: true })).sort();
    return names.find((name) => pattern.test(name)) ?? "";
  };
  return { database, project, folder, file, change, cli };
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

test.each(both)("what drizzle-kit leaves out is made, there and back: %s", async (layout) => {
  const { database, change, cli } = await create(layout, before);
  expect(await cli("migrate")).toMatchObject({ code: 0 });
  expect(await database.query(facts)).toEqual([old]);
  await change(after);
  expect(await cli("generate", "--name", "two")).toMatchObject({ code: 0 });
  expect(await cli("migrate")).toMatchObject({ code: 0 });
  expect(await database.query(facts)).toEqual([now]);
  expect(await cli("downgrade", "-1")).toMatchObject({ code: 0 });
  expect(await database.query(facts)).toEqual([old]);
});

test("what has no SQL is named, and can be finished by hand", async () => {
  const { database, project, folder, file, change, cli } = await create("journal", before);
  // An option that drizzle-kit 0.31 keeps and does not compare.
  const snapshot = join(folder, await file(/_snapshot\.json$/));
  const text = (await readFile(snapshot, "utf8")).replace(
    /("name": "one_seq",\s*"schema": )"public"/,
    '$1"elsewhere"',
  );
  await writeFiles(project, { "drizzle/app/meta/0000_snapshot.json": text });
  await change(before);
  const said = 'no SQL was made for column t.id: identity.schema was "elsewhere" and is "public"';
  expect(await cli("check")).toMatchObject({ code: 3, stdout: expect.stringContaining(said) });
  expect(await cli("generate", "--name", "two")).toMatchObject({
    code: 3,
    stdout: expect.stringContaining(said),
  });
  const made = await file(/^0001_two\.sql$/);
  const written = await readFile(join(folder, made), "utf8");
  expect(written).toBe(`-- drizzle-fleet: unfinished ${said}\n`);
  expect(await cli("check")).toMatchObject({
    code: 3,
    stdout: expect.stringContaining("0001_two"),
  });
  await writeFiles(folder, {
    [made]: "SELECT 1;\n",
    "0001_two.down.sql": "SELECT 1;\n",
  });
  await cli("generate", "--accept");
  expect(await cli("generate")).toMatchObject({ code: 0, stdout: "app: no changes\n" });
  const check = await cli("check");
  expect(check.stdout).not.toContain("no SQL was made");
  expect(await cli("migrate")).toMatchObject({ code: 0 });
  expect(await database.query(facts)).toEqual([old]);
});

test.each(both)("what means nothing is not named: %s", async (layout) => {
  const { change, cli } = await create(
    layout,
    `export const t = pgTable("t", { a: text("a"), x: integer("x").generatedAlwaysAsIdentity() });
export const s = pgSequence("s");
export const m = pgMaterializedView("m").as((qb) => qb.select({ a: t.a }).from(t));`,
  );
  await change(`export const s = pgSequence("s", { cycle: false, increment: 1, startWith: 1 });
export const t = pgTable("t", { x: integer("x").generatedAlwaysAsIdentity({ name: "t_x_seq", cycle: false, startWith: 1 }), a: text("a") });
export const m = pgMaterializedView("m").withNoData().as((qb) => qb.select({ a: t.a }).from(t));`);
  expect(await cli("generate")).toMatchObject({ code: 0, stdout: "app: no changes\n" });
});
