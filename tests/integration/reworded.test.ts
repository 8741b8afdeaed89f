import { join } from "node:path";
import { expect, test } from "vitest";
import { check } from "../../src/operations/check.ts";
import { generate } from "../../src/operations/generate.ts";
import { generateDowns } from "../../src/operations/generate-downs.ts";
import { generateReworded } from "../../src/operations/generate-reworded.ts";
import { findingText } from "../../src/report/check.ts";
import { createProject, install, run, runCli, spawnCli } from "../support/cli.ts";
import { createDatabase } from "../support/database.ts";
import {
  appFleet,
  configFile,
  contextFor,
  downgradeAll,
  migrateAll,
  writeFiles,
} from "../support/fleet.ts";

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
  const context = contextFor(project, fleet);
  const found = async () => (await check(context, [])).map(findingText).join("\n");
  const change = (text: string) => writeFiles(project, { "schema/u.ts": text });
  return { database, project, context, found, change };
}

const index = `SELECT 'app_a.p'::regclass::oid::text AS oid`;
const missing = "the Drizzle schema has changes without a migration";

/** A project after `drizzle-kit up`: its snapshot has the wording of 0.31, and 1.0 would word it differently. */
async function createConverted() {
  const made = await create();
  // In its own process, because a process loads only one drizzle-kit from a path.
  await spawnCli(made.project, ["generate", "--name", "one", "--no-proof"]);
  await migrateAll(made.context);
  await install(made.project, "folders");
  const kit = join(made.project, "node_modules/drizzle-kit/bin.cjs");
  await run(made.project, process.execPath, [kit, "up"], { SERVICE: "app" });
  await generateDowns(made.context, [], false, { proof: false });
  return made;
}

test("--reworded records the new spelling of the schema after drizzle-kit up, without SQL", async () => {
  const { database, project, context, found } = await createConverted();
  expect(await found()).toContain('DROP INDEX "p"');
  expect(await runCli(project, ["generate", "--reworded"])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/_reworded\/migration\.sql and its down/),
  });
  expect(await found()).not.toContain(missing);
  const before = await database.query(index);
  await migrateAll(context);
  await downgradeAll(context, { count: 1 });
  expect(await database.query(index)).toEqual(before);
});

test("--reworded refuses a real change", async () => {
  const { context, change, found } = await createConverted();
  await change(schema('\n  extra: text("extra"),'));
  await expect(generateReworded(context, { services: [] })).rejects.toMatchObject({
    code: "proof",
    message: "the Drizzle schema differs from the newest migration in more than spelling",
    excerpt: expect.stringMatching(/^now: +column u\.extra text/m),
  });
  expect(await found()).toContain(missing);
});

test("--reworded works with 0.31, and writes nothing if nothing differs", async () => {
  const { context, change, found } = await create();
  await generate(context, { services: [], name: "one", proof: false });
  const record = () => generateReworded(context, { services: [], name: "same" });
  expect(await record()).toEqual([{ service: "app", migration: undefined }]);
  await change(schema().replace("} = true`", "} IS NOT NULL AND b = TRUE`"));
  await expect(record()).rejects.toMatchObject({ excerpt: expect.stringContaining("index") });
  await change(schema().replace("} = true`", "} = (TRUE)`"));
  expect(await found()).toContain(missing);
  expect(await record()).toMatchObject([{ migration: { tag: "0001_same" } }]);
  expect(await found()).not.toContain(missing);
});
