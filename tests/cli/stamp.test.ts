import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createProject, runCli } from "../support/cli.ts";
import { createDatabase, createRole } from "../support/database.ts";
import { appFleet, configFile, history } from "../support/fleet.ts";

const migrations = {
  "0000_a": `CREATE TABLE "a" ();`,
  "0001_b": `CREATE TABLE "b" ();`,
  "0002_c": `CREATE TABLE "c" ();`,
};

/** A project with two tenants whose schemas have the first two tables, and no ledger. */
async function existing() {
  const database = await createDatabase();
  for (const schema of ["app_x", "app_y"])
    await database.query(
      `CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.a (); CREATE TABLE ${schema}.b ()`,
    );
  const project = await createProject({
    "drizzle.config.ts": configFile(appFleet(database.url, ["x", "y"])),
    ...history("drizzle/app", migrations),
  });
  const ledger = (schema: string) =>
    database.query(`SELECT tag, checksum, applied_by FROM ${schema}.__fleet_ledger ORDER BY tag`);
  const fleet = (...args: string[]) => runCli(project, args);
  return { database, project, ledger, fleet };
}

describe("stamp", () => {
  test("records existing migrations, after which migrate continues", async () => {
    const { ledger, fleet } = await existing();
    expect((await fleet("migrate")).stdout).toContain("drizzle-fleet stamp");
    const dry = await fleet("stamp", "0001_b", "--dry-run");
    expect(dry).toMatchObject({ code: 0 });
    expect(dry.stdout).toContain("0000_a .. 0001_b (2)");
    expect(dry.stdout).toContain("2 ledgers to write for 2 targets.");
    const stamped = await fleet("stamp", "0001_b", "--yes");
    expect(stamped).toMatchObject({ code: 0 });
    expect(stamped.stdout).toContain("Done: 2 ledgers written, 2 targets up to date.");
    expect(await ledger("app_x")).toMatchObject([
      { tag: "0000_a", applied_by: expect.stringMatching(/^drizzle-fleet .*, stamped, as /) },
      { tag: "0001_b" },
    ]);
    const again = await fleet("stamp", "0001_b", "--yes");
    expect(again.stdout).toContain("Nothing to do: 2 targets up to date.");
    expect((await fleet("migrate")).stdout).toContain("Done: 2 migrations applied");
    expect((await fleet("rollouts")).stdout).toContain("stamp");
  });

  test("records head or base for selected tenants; keeps the rows that stay and removes unknown ones", async () => {
    const { database, ledger, fleet } = await existing();
    expect((await fleet("stamp", "head", "--yes", "-t", "x")).code).toBe(0);
    expect(await ledger("app_x")).toHaveLength(3);
    const before = await ledger("app_x");
    await database.query(
      `UPDATE app_x.__fleet_ledger SET checksum = 'old' WHERE tag = '0001_b';
       UPDATE app_x.__fleet_ledger SET statements = 2, applied = 1 WHERE tag = '0002_c';
       UPDATE app_x.__fleet_ledger SET applied_by = 'me' WHERE tag = '0000_a';
       INSERT INTO app_x.__fleet_ledger SELECT '0009_gone', 'x', 0, 0, '', false, now(), 0, 'x'`,
    );
    expect((await fleet("stamp", "head", "--yes", "-t", "x")).code).toBe(0);
    const [first, ...rest] = before;
    expect(await ledger("app_x")).toEqual([{ ...first, applied_by: "me" }, ...rest]);
    expect((await fleet("stamp", "base", "--yes")).code).toBe(0);
    expect([await ledger("app_x"), await ledger("app_y")]).toEqual([[], []]);
  });

  test("asks before it changes anything, and refuses without a terminal", async () => {
    const { database, fleet } = await existing();
    const refused = await fleet("stamp", "head");
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain("with --yes");
    expect(await database.query(`SELECT to_regclass('app_x.__fleet_ledger') AS it`)).toEqual([
      { it: null },
    ]);
  });

  test("reports a missing schema and an unreadable ledger as problems of their targets", async () => {
    const { database, project, fleet } = await existing();
    await database.query(`DROP SCHEMA app_y CASCADE`);
    const result = await fleet("stamp", "head", "--yes");
    expect(result).toMatchObject({ code: 5 });
    expect(result.stdout).toContain("x app/y  schema app_y\n  the tenant schema does not exist");
    expect(result.stdout).toContain("1 of 2 targets failed.");
    expect((await fleet("stamp", "base", "--yes", "-t", "y")).stdout).toContain("Nothing to do");
    const { url } = await createRole(database);
    const other = await createProject({
      "drizzle.config.ts": configFile(appFleet(url, ["x"])),
      ...history("drizzle/app", migrations),
    });
    const unreadable = await runCli(other, ["stamp", "base", "--yes", "--json"]);
    expect(unreadable.code).toBe(5);
    expect(JSON.parse(unreadable.stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({
      type: "summary",
      failed: 1,
      failures: [{ message: expect.stringContaining("cannot be read with this role") }],
    });
    expect(project).not.toBe(other);
  });

  test("suggests similar tags for an unknown one, and requires a service if there are several", async () => {
    const { fleet } = await existing();
    const unknown = await fleet("stamp", "0001_bb", "--yes");
    expect(unknown).toMatchObject({ code: 2 });
    expect(unknown.stderr).toContain("Did you mean 0001_b");
    const database = await createDatabase();
    const one = appFleet(database.url, ["x"]);
    const two = { ...one.services.app, out: "./drizzle/two", tenantSchema: "two_{tenant}" };
    const project = await createProject({
      "drizzle.config.ts": configFile({
        ...one,
        services: { ...one.services, two } as typeof one.services,
      }),
      ...history("drizzle/app", migrations),
      ...history("drizzle/two", migrations),
    });
    const vague = await runCli(project, ["stamp", "0001_b", "--yes"]);
    expect(vague).toMatchObject({ code: 2 });
    expect(vague.stderr).toContain("Choose one with --service: app, two");
    await database.query(`CREATE SCHEMA app_x; CREATE SCHEMA two_x`);
    expect((await runCli(project, ["stamp", "head", "--yes"])).stdout).toContain(
      "2 ledgers written",
    );
    expect((await runCli(project, ["stamp", "0001_b", "-s", "two", "--yes"])).code).toBe(0);
  });

  test.each([
    [["stamp"], "give one of head, a tag, base, or --from-drizzle"],
    [["stamp", "head", "--from-drizzle"], "give one of head, a tag, base, or --from-drizzle"],
    [["stamp", "head", "--drizzle-table", "t"], "require --from-drizzle"],
    [["stamp", "head", "--accept-edited"], "require --from-drizzle"],
  ])("exits with 2 for %j", async (args, words) => {
    const { fleet } = await existing();
    const result = await fleet(...args);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(words);
  });

  test("shows with --from-drizzle what it records, and what it cannot", async () => {
    const { database, fleet } = await existing();
    await database.query(
      `CREATE SCHEMA kept; CREATE TABLE kept.done (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint)`,
    );
    const args = ["stamp", "--from-drizzle", "--drizzle-table", "done", "--drizzle-schema", "kept"];
    const [first, second] = Object.values(migrations).map((text) =>
      createHash("sha256").update(text).digest("hex"),
    );
    await database.query(`INSERT INTO kept.done (hash) VALUES ($1), ($2)`, [first, second]);
    const dry = await fleet(...args, "--dry-run");
    expect(dry).toMatchObject({ code: 0 });
    expect(dry.stdout).toContain("0000_a .. 0001_b (2)");
    expect((await fleet(...args, "--yes")).stdout).toContain("Done: 2 ledgers written");
    await database.query(`INSERT INTO kept.done (hash) VALUES ('0123456789abcdef')`);
    const refused = await fleet(...args, "--yes");
    expect(refused).toMatchObject({ code: 5 });
    expect(refused.stdout).toContain("not on disk (row 3, hash 0123456789ab...)");
    expect(refused.stdout).toContain("npx drizzle-fleet stamp 0001_b --tenant x --tenant y");
    expect(refused.stdout).toContain(
      `After fixing the cause, run: npx drizzle-fleet ${args.join(" ")}`,
    );
    expect((await fleet("migrate")).stdout).toContain("Done: 2 migrations applied");
    const later = await fleet(...args, "--yes");
    expect(later.stdout).toContain("the ledger has 0002_c, but the table");
  });
});
