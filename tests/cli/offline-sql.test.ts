import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { createFolder } from "../support/fleet.ts";
import { at, migrated, people, projectFor } from "../support/offline-project.ts";

test("a script is not written for a target that has a problem, and leaves out those that are done", async () => {
  const project = await projectFor(people, ["a", "b"]);
  const database = await migrated(project, ["migrate", "--tenant", "a"]);
  const written = await runCli(project, ["migrate", "--sql"], at(database));
  expect(written).toMatchObject({ code: 0 });
  expect(written.stdout).toContain("app/b");
  expect(written.stdout).not.toContain("app/a");
  expect(written.stderr).toContain("1 of 2 targets; the others have nothing to do.");
  await database.query(`UPDATE app_a.__fleet_ledger SET checksum = 'other'`);
  const refused = await runCli(project, ["migrate", "--sql"], at(database));
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  expect(refused.stderr).toContain("app/a: 0000_people was edited");
});

describe("invalid usage exits with 2 and writes nothing", () => {
  test.each([
    [["migrate", "--sql", "--json"], "--json"],
    [["migrate", "--sql", "--dry-run"], "--dry-run"],
    [["migrate", "--sql", "--canary", "1"], "--canary"],
    [["downgrade", "-1", "--sql", "--failed"], "--failed"],
    [["migrate", "--from", "base"], "--from requires --sql"],
    [["migrate", "--sql", "--from", "0000_peeple"], "0000_people"],
  ])("%j", async (args, words) => {
    const result = await runCli(await projectFor(people), args);
    expect(result.code).toBe(2);
    if (args.includes("--json")) expect(JSON.parse(result.stdout)).toMatchObject({ code: "usage" });
    else expect(result.stdout).toBe("");
    expect(result.stderr).toContain(words);
  });

  test("if a file exists, no file is written", async () => {
    const project = await projectFor(people, ["a", "b"]);
    const folder = await createFolder({ "main/app/app_b.sql": "mine" });
    const result = await runCli(project, ["migrate", "--sql", folder, "--from", "base"]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain("app_b.sql already exists");
    expect(await readFile(join(folder, "main/app/app_b.sql"), "utf8")).toBe("mine");
    expect(await readdir(join(folder, "main/app"))).toEqual(["app_b.sql"]);
  });
});
