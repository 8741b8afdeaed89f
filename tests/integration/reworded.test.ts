import { join } from "node:path";
import { expect, test } from "vitest";
import { createProject, install, run, runCli } from "../support/cli.ts";
import { createDatabase } from "../support/database.ts";
import { appFleet, configFile, writeFiles } from "../support/fleet.ts";

const imports = `import { sql } from "drizzle-orm";
import { boolean, check, pgTable, text, timestamp, uniqueIndex } from "drizzle-orm/pg-core";
`;
const schema = (more = "") => `${imports}export const u = pgTable("u", {
  m: text("m"),
  b: boolean("b"),
  at: timestamp("at", { precision: 3, withTimezone: true }),${more}
}, (t) => [uniqueIndex("p").on(t.m).where(sql\`\${t.b} = true\`), check("c", sql\`\${t.m} <> ''\`)]);
`;

async function create() {
  const database = await createDatabase();
  const fleet = appFleet(database.url, ["a"]);
  const project = await createProject({
    "drizzle.config.ts": configFile(fleet),
    "schema/u.ts": schema(),
  });
  const cli = (...args: string[]) => runCli(project, args);
  expect(await cli("generate", "--name", "one", "--no-proof")).toMatchObject({ code: 0 });
  expect(await cli("migrate")).toMatchObject({ code: 0 });
  return { database, project, cli };
}

const index = `SELECT 'app_a.p'::regclass::oid::text AS oid`;

/** As drizzle-kit's `up` leaves it: its snapshot says what 0.31 wrote, and 1.0 would write other words. */
async function createConverted() {
  const made = await create();
  const { project, cli } = made;
  await install(project, "folders");
  const kit = join(project, "node_modules/drizzle-kit/bin.cjs");
  await run(project, process.execPath, [kit, "up"], { SERVICE: "app" });
  expect(await cli("generate", "--down", "--no-proof")).toMatchObject({ code: 0 });
  return made;
}

test("after drizzle-kit up, the schema in other words is recorded without SQL", async () => {
  const { database, cli } = await createConverted();
  const differs = { code: 3, stdout: expect.stringContaining('DROP INDEX "p"') };
  expect(await cli("check")).toMatchObject(differs);
  expect(await cli("generate", "--reworded")).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/_reworded\/migration\.sql, and its down/),
  });
  expect((await cli("check")).stdout).not.toContain("changes without a migration");
  const before = await database.query(index);
  expect(await cli("migrate")).toMatchObject({ code: 0 });
  expect(await cli("downgrade", "-1")).toMatchObject({ code: 0 });
  expect(await database.query(index)).toEqual(before);
});

test("a real change is not recorded as one of words", async () => {
  const { project, cli } = await createConverted();
  await writeFiles(project, { "schema/u.ts": schema('\n  extra: text("extra"),') });
  const refused = await cli("generate", "--reworded");
  expect(refused).toMatchObject({ code: 2 });
  expect(refused.stderr).toContain(
    "the Drizzle schema is another one than that of the newest migration",
  );
  expect(refused.stderr).toMatch(/now: +column u\.extra text/);
});

test("with 0.31 as well; and where nothing differs, nothing is written", async () => {
  const { project, cli } = await create();
  expect(await cli("generate", "--reworded")).toMatchObject({
    code: 0,
    stdout: "app: no changes\n",
  });
  await writeFiles(project, {
    "schema/u.ts": schema().replace("} = true`", "} IS NOT NULL AND b = TRUE`"),
  });
  expect(await cli("generate", "--reworded")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("index"),
  });
  await writeFiles(project, { "schema/u.ts": schema().replace("} = true`", "} = (TRUE)`") });
  expect(await cli("check")).toMatchObject({ code: 3 });
  expect(await cli("generate", "--reworded", "--name", "same")).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("0001_same.sql"),
  });
  expect(await cli("check")).toMatchObject({ code: 0 });
});
