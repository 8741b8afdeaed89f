import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { catalogOf } from "../support/catalog.ts";
import {
  type CliResult,
  createProject,
  type Installed,
  install,
  run,
  runCli,
  spawnCli,
} from "../support/cli.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { appFleet, configFile } from "../support/fleet.ts";
import { createRepository } from "../support/git.ts";
import { runPsql, scriptFile } from "../support/psql.ts";

/** A Drizzle schema; both versions of drizzle-orm read it. */
function schemaWith({
  users = "",
  tables = "",
  email = "email",
}: {
  users?: string;
  tables?: string;
  email?: string;
}): string {
  return `import { integer, pgEnum, pgTable, text } from "drizzle-orm/pg-core";
export const role = pgEnum("role", ["reader", "writer"]);
export const users = pgTable("users", {
  id: integer("id").primaryKey().generatedAlwaysAsIdentity(),
  ${email}: text("${email}").notNull().unique(),
  role: role("role").notNull().default("reader"),
  ${users}
});
${tables}
`;
}

const avatar = `avatar: text("avatar"),`;
const phone = `phone: text("phone"),`;
const posts = `export const posts = pgTable("posts", {
  id: integer("id").primaryKey().generatedAlwaysAsIdentity(),
  author: integer("author").notNull().references(() => users.id),
  body: text("body"),
});`;
const tags = `export const tags = pgTable("tags", { name: text("name").primaryKey() });`;

async function project(
  installed: Installed,
  database: TestDatabase,
  tenants: string[],
  runTool: typeof runCli = runCli,
) {
  const folder = await createProject(
    {
      "drizzle.config.ts": configFile(
        appFleet(database.url, tenants, {
          services: {
            app: {
              schema: "./schema",
              out: "./drizzle/app",
              database: "main",
              tenantSchema: "app_{tenant}",
            },
          },
          // This team stops its programs before it renames a column.
          lint: { rules: { "contract-early": "off" } },
        }),
      ),
      "schema/tables.ts": schemaWith({}),
      ".gitignore": "node_modules\n.drizzle-fleet\n",
    },
    installed,
  );
  const cli = async (code: number, ...args: string[]): Promise<CliResult> => {
    const result = await runTool(folder, args);
    expect(result, `${args.join(" ")}\n${result.stdout}${result.stderr}`).toMatchObject({ code });
    return result;
  };
  return {
    folder,
    cli,
    edit: (schema: Parameters<typeof schemaWith>[0]) =>
      writeFile(join(folder, "schema/tables.ts"), schemaWith(schema)),
    /** The tags of the migrations on disk, in order, without numbers and times. */
    names: async () => {
      const names = await readdir(join(folder, "drizzle/app"));
      return names
        .filter((name) => /^\d+_/.test(name) && !name.endsWith(".down.sql"))
        .sort()
        .map((name) => name.replace(/^\d+_|\.sql$/g, ""));
    },
  };
}

type Status = { current: string | null; pending: number; tenant: string }[];

async function statusOf(cli: Awaited<ReturnType<typeof project>>["cli"]): Promise<Status> {
  return (JSON.parse((await cli(0, "status", "--json")).stdout) as { targets: Status }).targets;
}

describe.each<Installed>(["journal", "folders"])("in the layout %s", (installed) => {
  test("supports a month of work: changes, a rename, a downgrade and a merge", {
    timeout: 240_000,
  }, async () => {
    const database = await createDatabase();
    const tenants = ["acme", "globex"];
    const { folder, cli, edit, names } = await project(installed, database, tenants);
    const { git, commit, merge } = await createRepository(folder);

    // The first week: the first migration, and one column.
    await cli(3, "check");
    await cli(0, "generate", "--name", "init");
    await cli(0, "check");
    await cli(0, "migrate");
    await commit("init");
    await edit({ users: avatar });
    const missing = await cli(3, "check");
    expect(missing.stdout).toContain(`ADD COLUMN "avatar" text`);
    const dry = await cli(0, "generate", "--name", "avatar", "--dry-run");
    expect(dry.stdout).toContain(`ADD COLUMN "avatar" text`);
    expect(dry.stdout).toContain(`DROP COLUMN "avatar"`);
    expect(await names()).toEqual(["init"]);
    await cli(0, "generate", "--name", "avatar");
    await cli(0, "check", "--database", database.url);
    await cli(0, "migrate");
    await commit("avatar");

    // generate does not guess renames.
    await edit({ users: avatar, email: "mail" });
    const refused = await cli(2, "generate", "--name", "mail");
    expect(refused.stderr).toContain("--rename column:users.email=mail");
    expect(refused.stderr).toContain("--drop column:users.email");
    expect(await names()).toEqual(["init", "avatar"]);
    await database.query(`INSERT INTO app_acme.users (email) VALUES ('a@example.org')`);
    await cli(0, "generate", "--name", "mail", "--rename", "column:users.email=mail");
    await cli(0, "check", "--database", database.url);
    await cli(0, "migrate");
    expect(await database.query("SELECT mail FROM app_acme.users")).toEqual([
      { mail: "a@example.org" },
    ]);

    // A downgrade and a migration keep the data.
    const head = await catalogOf(database, "app_acme");
    await cli(0, "downgrade", "-1");
    expect(await database.query("SELECT email FROM app_acme.users")).toEqual([
      { email: "a@example.org" },
    ]);
    expect((await statusOf(cli)).map(({ pending }) => pending)).toEqual([1, 1]);
    await cli(0, "migrate");
    expect(await catalogOf(database, "app_acme")).toEqual(head);
    await commit("mail");

    // Two branches follow one migration; git cannot merge their numbers.
    await git("switch", "--quiet", "--create", "posts");
    await edit({ users: avatar, email: "mail", tables: posts });
    await cli(0, "generate", "--name", "posts");
    await commit("posts");
    await git("switch", "--quiet", "main");
    await edit({ users: `${avatar} ${phone}`, email: "mail" });
    await cli(0, "generate", "--name", "phone");
    await commit("phone");
    await cli(0, "migrate");
    const merged = await merge("posts");
    await edit({ users: `${avatar} ${phone}`, email: "mail", tables: posts });
    if (installed === "journal") expect(merged).toBe(false);
    const branched = await cli(3, "check");
    expect(branched.stdout).toMatch(/conflict markers|were generated on two branches/);
    const made = await cli(0, "merge");
    // phone is applied, so it keeps its place although posts is older.
    expect(made.stdout).toMatch(/after \d+_phone:/);
    await cli(0, "check", "--database", database.url);
    await commit("merged");
    await cli(0, "migrate");
    expect((await statusOf(cli)).map(({ pending }) => pending)).toEqual([0, 0]);
    expect(await cli(0, "merge")).toMatchObject({
      stdout: "app: no open branches, nothing to merge\n",
    });
    expect(await cli(0, "generate")).toMatchObject({ stdout: "app: no changes\n" });

    // A dropped column loses its data: the down says so, and requires --allow-data-loss.
    await edit({ users: phone, email: "mail", tables: `${posts}\n${tags}` });
    await cli(0, "generate", "--name", "without_avatar");
    await cli(0, "check");
    await cli(0, "migrate");
    const lossy = await cli(2, "downgrade", "-1");
    expect(lossy.stderr).toContain("column users.avatar comes back without its data");
    await cli(0, "downgrade", "-1", "--allow-data-loss");
    await cli(0, "downgrade", "base", "--allow-data-loss");
    expect(await catalogOf(database, "app_acme")).toEqual([]);
    await cli(0, "migrate");
    const now = await catalogOf(database, "app_acme");
    expect(await catalogOf(database, "app_globex")).toEqual(now);
    const history = await cli(0, "history", "--json");
    const { entries } = JSON.parse(history.stdout) as { entries: { targets: number }[] };
    expect(entries.map(({ targets }) => targets)).toEqual([0, 0, 0, 0, 0, 2]);

    // An old tenant has the tables but no ledger: stamp records what is applied.
    await database.query("DROP TABLE app_globex.__fleet_ledger");
    expect((await cli(5, "migrate")).stdout).toContain("but no ledger");
    await cli(2, "stamp", "head", "--tenant", "globex");
    await cli(0, "stamp", "head", "--tenant", "globex", "--yes");
    expect((await statusOf(cli)).map(({ pending }) => pending)).toEqual([0, 0]);

    // A database that only psql connects to.
    const far = await createDatabase();
    const script = await cli(0, "migrate", "--sql", "--from", "base");
    expect(await runPsql(far, await scriptFile(script.stdout))).toMatchObject({ code: 0 });
    expect(await catalogOf(far, "app_acme")).toEqual(now);
    expect(await far.query("SELECT tag, checksum FROM app_acme.__fleet_ledger ORDER BY 1")).toEqual(
      await database.query("SELECT tag, checksum FROM app_acme.__fleet_ledger ORDER BY 1"),
    );
    const heads = await cli(0, "heads", "--json");
    const [{ heads: [newest = ""] = [] } = {}] = (
      JSON.parse(heads.stdout) as { services: { heads: string[] }[] }
    ).services;
    const way = await cli(0, "downgrade", "base", "--sql", "--from", newest, "--allow-data-loss");
    expect(await runPsql(far, await scriptFile(way.stdout))).toMatchObject({ code: 0 });
    expect(await catalogOf(far, "app_acme")).toEqual([]);
  });

  test("merge names the column that two branches change, and writes nothing", async () => {
    const database = await createDatabase();
    const { folder, cli, edit } = await project(installed, database, ["acme"]);
    const { git, commit, merge } = await createRepository(folder);
    await edit({ users: avatar });
    await cli(0, "generate", "--name", "init");
    await commit("init");
    await git("switch", "--quiet", "--create", "other");
    await edit({ users: `avatar: text("avatar").notNull(),` });
    await cli(0, "generate", "--name", "required");
    await commit("required");
    await git("switch", "--quiet", "main");
    await edit({ users: `avatar: text("avatar").default("none"),` });
    await cli(0, "generate", "--name", "fallback");
    await commit("fallback");
    await merge("other");
    const before = await git("status", "--porcelain");
    const result = await cli(2, "merge");
    expect(result.stderr).toContain("column users.avatar");
    expect(await git("status", "--porcelain")).toBe(before);
  });

  test("merge refuses two branches that make the same change, whose SQL can run only once", async () => {
    const database = await createDatabase();
    const { folder, cli, edit } = await project(installed, database, ["acme"]);
    const { git, commit, merge } = await createRepository(folder);
    await cli(0, "generate", "--name", "init");
    await commit("init");
    await git("switch", "--quiet", "--create", "other");
    await edit({ users: avatar });
    await cli(0, "generate", "--name", "one");
    await commit("one");
    await git("switch", "--quiet", "main");
    await edit({ users: avatar });
    await cli(0, "generate", "--name", "two");
    await commit("two");
    await merge("other");
    const result = await cli(2, "merge", "--offline");
    expect(result.stderr).toContain("both branches change the same objects: column users.avatar");
  });

  test("merge accepts two branches whose migrations have the same generated name", async () => {
    const database = await createDatabase();
    const { folder, cli, edit } = await project(installed, database, ["acme"]);
    const { git, commit, merge } = await createRepository(folder);
    await cli(0, "generate");
    await commit("init");
    await git("switch", "--quiet", "--create", "other");
    await edit({ users: avatar });
    await cli(0, "generate");
    await edit({ users: avatar, email: "mail" });
    await cli(0, "generate", "--name", "alter_users", "--rename", "column:users.email=mail");
    await commit("avatar, mail");
    await git("switch", "--quiet", "main");
    await edit({ users: phone });
    // Folder names contain the time in seconds, which must differ between the branches. The other branch's second folder has
    // a later second than its first one, even if both were generated within one.
    await sleep(2_100);
    await cli(0, "generate");
    await cli(0, "migrate");
    await commit("phone");
    await merge("other");
    await edit({ users: `${phone} ${avatar}`, email: "mail" });
    if (installed === "journal")
      expect((await cli(0, "heads")).stdout).toContain("0001_alter_users and 0002_alter_users");
    await cli(0, "merge");
    await cli(0, "check", "--database", database.url);
    // The ledger still matches what was applied before.
    await cli(0, "migrate");
    expect(await statusOf(cli)).toMatchObject([{ pending: 0 }]);
  });

  test("merge refuses two branches without a common history", async () => {
    const database = await createDatabase();
    const { folder, cli, edit } = await project(installed, database, ["acme"]);
    const { git, commit, merge } = await createRepository(folder);
    await commit("nothing yet");
    await git("switch", "--quiet", "--create", "other");
    await edit({ users: avatar });
    await cli(0, "generate", "--name", "one");
    await commit("one");
    await git("switch", "--quiet", "main");
    await edit({ users: phone });
    await cli(0, "generate", "--name", "two");
    await commit("two");
    await merge("other");
    const result = await cli(2, "merge", "--offline");
    expect(result.stderr).toContain("the two branches have no migration in common");
  });
});

test("every ledger stays valid after drizzle-kit converts the folder, and the history continues", {
  timeout: 120_000,
}, async () => {
  const database = await createDatabase();
  // In processes of their own: a process loads only one drizzle-kit from a path, and this test installs another one.
  const { folder, cli, edit, names } = await project(
    "journal",
    database,
    ["acme", "globex"],
    spawnCli,
  );
  await cli(0, "generate", "--name", "init");
  // The names of drizzle-kit's folders contain the time in seconds.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await edit({ users: avatar });
  await cli(0, "generate", "--name", "avatar");
  await cli(0, "migrate");
  const before = await catalogOf(database, "app_acme");

  const written = "-- written by hand\nALTER TABLE users DROP COLUMN avatar;\n";
  await writeFile(join(folder, "drizzle/app/0001_avatar.down.sql"), written);

  await install(folder, "folders");
  const refused = await cli(2, "generate", "--name", "more");
  expect(refused.stderr).toContain("drizzle-kit up");
  const converted = await run(folder, process.execPath, [
    "node_modules/drizzle-kit/bin.cjs",
    "up",
    "--dialect=postgresql",
    "--out=./drizzle/app",
  ]);
  expect(converted, converted.stdout + converted.stderr).toMatchObject({ code: 0 });
  expect(await names()).toEqual(["init", "avatar"]);
  expect((await statusOf(cli)).map(({ pending }) => pending)).toEqual([0, 0]);
  // The conversion leaves the downs under their old names.
  await cli(3, "check");
  await cli(0, "generate", "--down");
  const [, second = ""] = (await readdir(join(folder, "drizzle/app"))).filter((name) =>
    /^\d{14}_/.test(name),
  );
  expect(await readFile(join(folder, "drizzle/app", second, "down.sql"), "utf8")).toBe(written);
  expect(await readdir(join(folder, "drizzle/app"))).not.toContain("0001_avatar.down.sql");
  await cli(0, "check", "--database", database.url);
  expect(await cli(0, "migrate")).toMatchObject({
    stdout: expect.stringContaining("Nothing to do"),
  });
  await cli(0, "downgrade", "-1");
  await cli(0, "migrate");
  expect(await catalogOf(database, "app_acme")).toEqual(before);
  await edit({ users: `${avatar} ${phone}` });
  await cli(0, "generate", "--name", "phone");
  await cli(0, "migrate");
  const tag = (await readdir(join(folder, "drizzle/app"))).find((name) => name.endsWith("_phone"));
  expect((await statusOf(cli))[0]).toMatchObject({ pending: 0, current: tag });
  await cli(0, "downgrade", "base");
  expect(await catalogOf(database, "app_acme")).toEqual([]);
  expect(await readFile(join(folder, "drizzle/app/checksums.json"), "utf8")).toContain("_phone");
});
