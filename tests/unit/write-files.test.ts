import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeFiles } from "../../src/source/write-files.ts";
import { createFolder } from "../support/fleet.ts";

test("a failed write leaves no folder", async () => {
  const folder = await createFolder({ "taken.sql": "SELECT 1;" });
  const files = ["20261122083000_new/migration.sql", "taken.sql"].map((name) => ({
    path: join(folder, name),
    text: "SELECT 2;",
    replaces: false,
  }));
  await expect(writeFiles(files)).rejects.toThrow("it already exists");
  expect(await readdir(folder)).toEqual(["taken.sql"]);
});
