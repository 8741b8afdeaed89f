import { expect, test } from "vitest";
import { repair } from "../../src/operations/repair.ts";
import { createDatabase } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  history,
  migrateAll,
  writeFiles,
} from "../support/fleet.ts";
import { createRepository } from "../support/git.ts";

const all = { services: [], tenants: [], databases: [] };
const migrations = {
  "0000_a": `CREATE TABLE "a" ();`,
  "0001_b": `CREATE TABLE "b" ();`,
  "0002_c": `CREATE TABLE "c" ();`,
};

test("edited migrations are accepted by repair, which runs nothing and shows what was edited", async () => {
  const database = await createDatabase();
  const root = await createFolder(history("drizzle/app", migrations));
  const context = contextFor(root, appFleet(database.url, ["a"]));
  await migrateAll(context);
  await (await createRepository(root)).commit("release");
  await writeFiles(
    root,
    history("drizzle/app", {
      ...migrations,
      "0000_a": `-- The table a.\n${migrations["0000_a"]}`,
      "0001_b": `CREATE TABLE "b" ();\n`,
      "0003_d": `CREATE TABLE "d" ();`,
    }),
  );
  const before = await database.query(`SELECT * FROM app_a.__fleet_ledger ORDER BY tag`);
  const refused = await repair(
    context,
    all,
    async () => false,
    () => undefined,
  );
  expect(refused.edited).toMatchObject([
    {
      tag: "0000_a",
      targets: 1,
      diff: { text: expect.stringContaining("\n+-- The table a.\n") },
    },
    { tag: "0001_b", targets: 1 },
  ]);
  expect(await database.query(`SELECT * FROM app_a.__fleet_ledger ORDER BY tag`)).toEqual(before);
  const { outcomes } = await repair(
    context,
    all,
    async () => true,
    () => undefined,
  );
  expect(outcomes).toMatchObject([{ status: "succeeded", applied: ["0000_a", "0001_b"] }]);
  const after = await database.query(`SELECT * FROM app_a.__fleet_ledger ORDER BY tag`);
  expect(after.map(({ checksum: _, ...rest }) => rest)).toEqual(
    before.map(({ checksum: _, ...rest }) => rest),
  );
  expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0003_d" });
  expect(
    (
      await repair(
        context,
        all,
        async () => true,
        () => undefined,
      )
    ).edited,
  ).toEqual([]);
});
