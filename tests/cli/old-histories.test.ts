import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createProject, type Installed, run, runCli } from "../support/cli.ts";
import { createDatabase } from "../support/database.ts";
import { appFleet, configFile } from "../support/fleet.ts";
import { repository } from "../support/repository.ts";

const kits: Readonly<Record<Installed, string>> = {
  journal: join(repository, "node_modules/drizzle-kit/bin.cjs"),
  folders: join(repository, "tests/drizzle-1/node_modules/drizzle-kit/bin.cjs"),
};

const noChanges = "No schema changes, nothing to migrate";

const tables = (...lines: string[]) =>
  ['import { integer, pgTable, text } from "drizzle-orm/pg-core";', ...lines, ""].join("\n");
const one = 'export const a = pgTable("a", { id: integer() });';
const two = 'export const b = pgTable("b", { id: integer() });';

interface FoundFinding {
  readonly message: string;
  readonly remedy: string;
  readonly tags?: string[];
  readonly acceptable: boolean;
}

/** A project with one service, its migrations in drizzle/app, and one version of drizzle-kit. */
async function projectOf(installed: Installed = "journal", more: Record<string, unknown> = {}) {
  const database = await createDatabase();
  const fleet = appFleet(database.url, ["a", "b"]);
  const { app } = fleet.services as { app: (typeof fleet.services)[string] };
  const config = configFile({ ...fleet, services: { app: { ...app, ...more } } });
  const folder = await createProject(
    { "drizzle.config.ts": config, "schema/tables.ts": tables(one) },
    installed,
  );
  const at = (...names: string[]) => join(folder, "drizzle/app", ...names);
  const fleetOf = (...args: string[]) => runCli(folder, args);
  const kit = async (...args: string[]) => {
    const { stdout, stderr } = await run(folder, process.execPath, [kits[installed], ...args], {
      SERVICE: "app",
    });
    return stdout + stderr;
  };
  const write = (...lines: string[]) =>
    writeFile(join(folder, "schema/tables.ts"), tables(...lines));
  const generate = async (name: string, ...args: string[]) => {
    const result = await fleetOf("generate", "app", "--name", name, "--no-proof", ...args);
    expect(result).toMatchObject({ code: 0, stderr: "" });
    return (await readdir(at())).findLast((file) => file.includes(`_${name}`)) ?? "";
  };
  const found = async (...args: string[]) => {
    const result = await fleetOf("check", "--json", ...args);
    const { findings, ...rest } = JSON.parse(result.stdout) as {
      findings: FoundFinding[];
      accepted: { fault: string; reason: string; date: string }[];
      stale: { fault: string }[];
    };
    expect(result.code).toBe(findings.length === 0 ? 0 : 3);
    return { findings, ...rest, messages: findings.map(({ message }) => message) };
  };
  /** A migration that was written by hand: its SQL, and no snapshot. */
  const byHand = async (name: string, sql: string) => {
    if (installed === "folders") {
      const tag = `20991231235959_${name}`;
      await cp(at((await readdir(at())).find((file) => /^\d/.test(file)) ?? ""), at(tag), {
        recursive: true,
        filter: (path) => !/snapshot|down/.test(path),
      });
      await writeFile(at(tag, "migration.sql"), sql);
      return;
    }
    const path = at("meta/_journal.json");
    const journal = JSON.parse(await readFile(path, "utf8"));
    const last = journal.entries.at(-1);
    const tag = `${String(last.idx + 1).padStart(4, "0")}_${name}`;
    journal.entries.push({ ...last, idx: last.idx + 1, when: last.when + 1, tag });
    await writeFile(path, JSON.stringify(journal, null, 2));
    await writeFile(at(`${tag}.sql`), sql);
  };
  return { database, folder, at, fleetOf, kit, write, generate, found, byHand };
}

describe.each<Installed>(["journal", "folders"])("a migration without a snapshot, %s", (layout) => {
  test("uses the snapshot of the migration before it: in check, generate, --custom and --down", async () => {
    const { at, fleetOf, kit, write, generate, found, byHand } = await projectOf(layout);
    await generate("init");
    await byHand("by_hand", 'CREATE INDEX "a_id" ON "a" ("id");');
    const { messages } = await found();
    expect(messages).toEqual([
      expect.stringMatching(/^\d+_by_hand has no down$/),
      expect.stringMatching(/^\d+_by_hand has no snapshot$/),
    ]);
    const downs = await fleetOf("generate", "app", "--down");
    expect(downs.stdout).toMatch(/by_hand.*: must be completed by hand\n$/);
    await write(one, two);
    const added = await generate("add_b");
    const sql = layout === "journal" ? added : join(added, "migration.sql");
    expect(await readFile(at(sql.replace(".down", "")), "utf8")).toBe(
      'CREATE TABLE "b" (\n\t"id" integer\n);\n',
    );
    expect(await kit("generate")).toContain(noChanges);
    await generate("backfill", "--custom");
    expect(await kit("generate")).toContain(noChanges);
    expect((await found()).messages).toEqual([
      expect.stringMatching(/the downs of 2 migrations are empty: .*by_hand, .*backfill/),
      expect.stringMatching(/by_hand has no snapshot/),
      expect.stringMatching(/backfill is empty: it has no SQL statement/),
    ]);
  });

  test("is migrated like any other, and init finds its tenants by their tables", async () => {
    const { fleetOf, generate, byHand, database } = await projectOf(layout);
    await generate("init");
    await byHand("by_hand", 'CREATE INDEX "a_id" ON "a" ("id");');
    expect(await fleetOf("migrate")).toMatchObject({ code: 0 });
    const indexes = await database.query("SELECT schemaname FROM pg_indexes WHERE indexname = $1", [
      "a_id",
    ]);
    expect(indexes).toHaveLength(2);
  });
});

test.each<Installed>(["journal", "folders"])(
  "generate --snapshot creates the snapshot of a hand-written migration from the schema, %s",
  async (layout) => {
    const { fleetOf, kit, write, generate, found, byHand } = await projectOf(layout);
    await generate("init");
    await byHand("add_b", 'CREATE TABLE "b" ("id" integer);');
    await write(one, two);
    const { findings } = await found();
    const remedies = findings.map(({ remedy }) => remedy).join(" ");
    expect(remedies).toContain("drizzle-fleet generate app --snapshot");
    const dry = await fleetOf("generate", "app", "--snapshot", "--dry-run");
    expect(dry.stdout).toMatch(/add_b is assumed to do this:\n {2}CREATE TABLE "b"/);
    expect(await fleetOf("generate", "app", "--snapshot")).toMatchObject({ code: 0 });
    expect((await fleetOf("generate", "app", "--no-proof")).stdout).toBe("app: no changes\n");
    expect(await kit("generate")).toContain(noChanges);
    await fleetOf("generate", "app", "--down", "--no-proof");
    expect((await found()).messages).toEqual([]);
    expect(await fleetOf("generate", "app", "--snapshot")).toMatchObject({
      stdout: "The newest migration of every service has a snapshot.\n",
    });
  },
);

test("generate leaves the down to complete by hand if the snapshot of the migration before was lost", async () => {
  const { at, fleetOf, write, generate, found } = await projectOf();
  await generate("init");
  await write(one, two);
  await generate("add_b");
  await write(one);
  await generate("drop_b");
  for (const name of ["meta/0001_snapshot.json", "0001_add_b.down.sql", "0002_drop_b.down.sql"])
    await rm(at(name));
  const { messages } = await found();
  expect(messages).toContain("0001_add_b has no snapshot");
  expect(messages).toContain("0002_drop_b follows a migration that is not listed before it");
  // Its snapshot equals that of 0000_init: a diff would show nothing, or the changes of both migrations.
  expect((await fleetOf("generate", "app", "--down")).stdout).toContain(
    "0002_drop_b.down.sql: must be completed by hand",
  );
});

describe("a history that an old drizzle-kit began", () => {
  test.each(["version-5", "version-6"])("is continued: %s", async (version) => {
    const { at, folder, fleetOf, found } = await projectOf();
    await cp(join(repository, "tests/old-kits", version), at(), { recursive: true });
    const schema = await readFile(join(repository, "tests/old-kits/schema.txt"), "utf8");
    await writeFile(join(folder, "schema/tables.ts"), schema);
    expect((await found()).messages).toEqual([expect.stringMatching(/has no down$/)]);
    expect(await fleetOf("migrate")).toMatchObject({ code: 0 });
    const old = JSON.parse(await readFile(at("meta/_journal.json"), "utf8"));

    await writeFile(join(folder, "schema/tables.ts"), schema + two.replace('"b"', '"later"'));
    expect(await fleetOf("generate", "app", "--name", "later")).toMatchObject({ code: 0 });
    expect(await readFile(at("0001_later.sql"), "utf8")).toBe(
      'CREATE TABLE "later" (\n\t"id" integer\n);\n',
    );
    const { entries, ...head } = JSON.parse(await readFile(at("meta/_journal.json"), "utf8"));
    expect(head).toEqual({ version: old.version, dialect: old.dialect });
    expect(entries).toEqual([
      ...old.entries,
      { idx: 1, version: "7", when: expect.any(Number), tag: "0001_later", breakpoints: true },
    ]);
    const downs = await fleetOf("generate", "app", "--down");
    expect(downs.stdout).not.toContain("must be completed by hand");
    const first = (await readdir(at())).find((file) => /^0000.*down/.test(file)) ?? "";
    expect(await readFile(at(first), "utf8")).toContain('DROP TABLE "members"');
    expect((await found()).messages).toEqual([]);
    expect(await fleetOf("migrate")).toMatchObject({ code: 0 });
    expect(await fleetOf("downgrade", "base", "--allow-data-loss")).toMatchObject({
      code: 0,
    });
  });

  test("has unchanged indexes if it began with the first snapshots of version 7, which lack index options", async () => {
    const { at, folder, fleetOf, generate, found } = await projectOf();
    const schema = (name: string) =>
      `import { index, integer, pgTable } from "drizzle-orm/pg-core";
export const a = pgTable("a", { id: integer() }, (t) => [index("${name}").on(t.id)]);\n`;
    await writeFile(join(folder, "schema/tables.ts"), schema("a_id"));
    await generate("init");
    const path = at("meta/0000_snapshot.json");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace(/,\s*"with": \{\}/, ""));
    expect(await readFile(path, "utf8")).not.toBe(text);
    expect((await found()).messages).toEqual([]);
    await writeFile(join(folder, "schema/tables.ts"), schema("a_other"));
    await generate("other");
    await rm(at("0001_other.down.sql"));
    expect(await fleetOf("generate", "app", "--down")).toMatchObject({ code: 0 });
    expect(await readFile(at("0001_other.down.sql"), "utf8")).toContain('CREATE INDEX "a_id"');
  });

  test.each(["mysql", "sqlite", "gel"])("is refused if it is one of %s", async (dialect) => {
    const { at, generate, fleetOf } = await projectOf();
    await generate("init");
    const path = at("meta/_journal.json");
    await writeFile(path, (await readFile(path, "utf8")).replace("postgresql", dialect));
    const { code, stderr } = await fleetOf("migrate");
    expect(code).toBe(2);
    expect(stderr).toContain(`the journal is for ${dialect}, not for PostgreSQL`);
  });

  test("can have snapshots of drizzle-kit 1.0's betas, which are read and not changed", async () => {
    const { at, kit, write, generate, found } = await projectOf("folders");
    const path = at(await generate("init"), "snapshot.json");
    const { id, ddl } = JSON.parse(await readFile(path, "utf8"));
    const prevIds = ["00000000-0000-0000-0000-000000000000"];
    const beta = { version: "8", dialect: "postgres", id, prevIds, ddl, renames: [] };
    await writeFile(path, JSON.stringify(beta));
    expect((await found()).messages).toEqual([]);
    await write(one, two);
    const added = await generate("add_b");
    expect(await readFile(at(added, "migration.sql"), "utf8")).toBe(
      'CREATE TABLE "b" (\n\t"id" integer\n);\n',
    );
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual(beta);
    await kit("up");
    expect(await kit("generate")).toContain(noChanges);
  });
});

describe("prefixes of migration names", () => {
  const shapes = {
    index: /^0001_add_b/,
    unix: /^\d{10}_add_b/,
    timestamp: /^\d{14}_add_b/,
    supabase: /^\d{14}_add_b/,
  };

  test.each(Object.entries(shapes))(
    "%s: follows the neighboring names without a setting",
    async (prefix, shape) => {
      const { kit, write, generate } = await projectOf();
      const args = ["generate", "--dialect", "postgresql", "--schema", "./schema/tables.ts"];
      await kit(...args, "--out", "./drizzle/app", "--name", "init", "--prefix", prefix);
      await write(one, two);
      // Generated in the same second: the newer one still sorts last by name.
      expect(await generate("add_b")).toMatch(shape);
      expect(await kit("generate")).toContain(noChanges);
      await write(one);
      await generate("drop_b");
      expect(await kit("generate")).toContain(noChanges);
    },
  );

  test("none: each migration contains only its own change, although drizzle-kit would start again each time", async () => {
    const { at, write, generate } = await projectOf("journal", { prefix: "none" });
    await generate("init");
    await write(one, two);
    await generate("add");
    expect(await readFile(at("_add.sql"), "utf8")).toBe('CREATE TABLE "b" (\n\t"id" integer\n);\n');
    await write(one);
    await generate("add");
    expect(await readFile(at("_add_2.sql"), "utf8")).toContain('DROP TABLE "b"');
  });

  test("follow the setting for the first migration, as in drizzle-kit", async () => {
    const { kit, write, generate } = await projectOf("journal", { prefix: "unix" });
    expect(await generate("init")).toMatch(/^\d{10}_init/);
    await write(one, two);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await kit("generate", "--name", "add_b")).toMatch(/\d{10}_add_b\.sql/);
  });

  test("follow the setting that init copies", async () => {
    const project = await createProject({
      "schema.ts": tables(one),
      "drizzle.config.ts": `import { defineConfig } from "drizzle-kit";
export default defineConfig({ dialect: "postgresql", schema: "./schema.ts", out: "./drizzle", migrations: { prefix: "unix" } });`,
    });
    await run(project, process.execPath, [kits.journal, "generate", "--name", "init"]);
    const answers = ["--yes", "--no-stamp", "--single-schema", "public", "--service", "app"];
    expect(await runCli(project, ["init", ...answers])).toMatchObject({ code: 0 });
    const config = await readFile(join(project, "drizzle.config.ts"), "utf8");
    expect(config).toContain('prefix: "unix"');
    await writeFile(join(project, "schema.ts"), tables(one, two));
    await runCli(project, ["generate", "--no-proof", "--name", "add_b"]);
    const names = await readdir(join(project, "drizzle"));
    expect(names.filter((name) => /^\d{10}_(init|add_b)\.sql$/.test(name))).toHaveLength(2);
  });

  test("refuse a setting that would make drizzle-kit continue from an older snapshot", async () => {
    const { at, fleetOf, kit, write } = await projectOf("journal", { prefix: "index" });
    const args = ["generate", "--dialect", "postgresql", "--schema", "./schema/tables.ts"];
    await kit(...args, "--out", "./drizzle/app", "--name", "init", "--prefix", "unix");
    await write(one, two);
    const { code, stderr } = await fleetOf("generate", "app", "--no-proof", "--name", "add_b");
    expect(code).toBe(2);
    expect(stderr).toMatch(/with prefix "index", 0001_add_b would sort before \d{10}_snapshot/);
    expect((await readdir(at())).filter((name) => name.includes("add_b"))).toEqual([]);
  });
});

describe("old faults", () => {
  /** Six migrations with everything that can be accepted. */
  async function damaged() {
    const project = await projectOf();
    const { at, write, generate, byHand } = project;
    const versions = { init: [one], add_b: [one, two], drop_b: [one], again: [one, two] };
    for (const [name, lines] of Object.entries(versions)) {
      await write(...lines);
      await generate(name);
    }
    await byHand("by_hand", "SELECT 1;");
    const path = at("meta/_journal.json");
    const journal = JSON.parse(await readFile(path, "utf8"));
    journal.entries[2].when = journal.entries[1].when;
    await writeFile(path, JSON.stringify(journal, null, 2));
    await rm(at("0000_init.down.sql"));
    await writeFile(at("0002_drop_b.down.sql"), "-- to be written\n");
    await writeFile(at("0001_left_over.sql"), "SELECT 1;");
    const snapshot = at("meta/0003_snapshot.json");
    const { prevId } = JSON.parse(await readFile(at("meta/0002_snapshot.json"), "utf8"));
    await writeFile(
      snapshot,
      JSON.stringify({ ...JSON.parse(await readFile(snapshot, "utf8")), prevId }),
    );
    return project;
  }

  test("are accepted once; check then reports only new faults", async () => {
    const { at, folder, found, fleetOf, byHand } = await damaged();
    const before = await found();
    expect(before.messages.length).toBe(6);
    expect(before.findings.every(({ acceptable }) => acceptable)).toBe(true);

    const accepted = await fleetOf("check", "--accept", "released in 2024");
    expect(accepted).toMatchObject({ code: 0 });
    expect(accepted.stdout).toContain("app: 7 faults accepted");
    const today = new Date().toISOString().slice(0, 10);
    const line = (key: string) => `  "${key}": {"reason":"released in 2024","date":"${today}"}`;
    const keys = [
      "branch 0002_drop_b 0003_again",
      "empty-down 0002_drop_b",
      "no-down 0000_init",
      "no-down 0004_by_hand",
      "no-snapshot 0004_by_hand",
      "stray-file 0001_left_over.sql",
      "time 0002_drop_b",
    ];
    const text = `{\n${keys.map(line).join(",\n")}\n}\n`;
    expect(await readFile(at("accepted.json"), "utf8")).toBe(text);
    expect((await found()).messages).toEqual([]);

    // On another machine, from another folder.
    const elsewhere = await createProject({});
    await cp(join(folder, "drizzle"), join(elsewhere, "drizzle"), { recursive: true });
    await cp(join(folder, "schema"), join(elsewhere, "schema"), { recursive: true });
    await cp(join(folder, "drizzle.config.ts"), join(elsewhere, "drizzle.config.ts"));
    expect(await runCli(elsewhere, ["check"])).toMatchObject({ code: 0 });

    await byHand("new_by_hand", "SELECT 2;");
    expect((await found()).messages).toEqual([
      "0005_new_by_hand has no down",
      "0005_new_by_hand has no snapshot",
    ]);
    expect(await fleetOf("check", "--accept", "written by hand")).toMatchObject({ code: 0 });
    const kept = JSON.parse(await readFile(at("accepted.json"), "utf8"));
    expect(kept["no-down 0000_init"].reason).toBe("released in 2024");
    expect(kept["no-down 0005_new_by_hand"].reason).toBe("written by hand");
  });

  test("are named when they no longer exist, and removed by the next --accept", async () => {
    const { at, found, fleetOf } = await damaged();
    await fleetOf("check", "--accept", "old");
    await rm(at("0001_left_over.sql"));
    const stale = await found();
    expect(stale.stale.map(({ fault }) => fault)).toEqual(["stray-file 0001_left_over.sql"]);
    expect((await fleetOf("check")).stdout).toContain(
      "app: accepted but no longer found: stray-file 0001_left_over.sql",
    );
    await fleetOf("check", "--accept", "old");
    expect(await readFile(at("accepted.json"), "utf8")).not.toContain("left_over");
  });

  test("are never accepted if they endanger a tenant", async () => {
    const { at, found, fleetOf } = await damaged();
    await writeFile(at("0003_again.sql"), "CREATE TABLE billing.x (id integer);");
    await rm(at("0000_init.sql"));
    const result = await fleetOf("check", "--accept", "old");
    expect(result.code).toBe(3);
    const { findings } = await found();
    expect(findings.map(({ message }) => message)).toEqual([
      "drizzle/app/0000_init.sql is missing, although the journal lists it",
      "0003_again was edited after it was generated",
      expect.stringContaining("billing"),
    ]);
    expect(findings.some(({ acceptable }) => acceptable)).toBe(false);
    expect((await fleetOf("check", "--accept", " ")).code).toBe(2);
  });

  test("take one line for hundreds of migrations, with every tag in --json", async () => {
    const { found, generate, byHand, fleetOf } = await projectOf();
    await generate("init");
    for (let number = 1; number <= 5; number += 1) await byHand(`hand_${number}`, "SELECT 1;");
    const { findings } = await found();
    expect(findings.map(({ message }) => message)).toEqual([
      "5 migrations have no down: 0001_hand_1, 0002_hand_2, 0003_hand_3 and 2 more",
      "5 migrations have no snapshot: 0001_hand_1, 0002_hand_2, 0003_hand_3 and 2 more",
    ]);
    expect(findings[0]?.tags).toEqual([1, 2, 3, 4, 5].map((n) => `000${n}_hand_${n}`));
    expect(findings[1]?.remedy).not.toMatch(/^Restore/);
    const github = await fleetOf("check", "--format", "github");
    expect(github.stdout.trim().split("\n")).toHaveLength(2);
  });

  test("are accepted if a proof finds them, and not stale where nothing was proved", async () => {
    const { at, database, found, generate, byHand, fleetOf } = await projectOf();
    await generate("init");
    await byHand("by_hand", 'CREATE INDEX "a_id" ON "a" ("id");');
    await writeFile(at("0001_by_hand.down.sql"), 'DROP INDEX "a_id";');
    const prove = ["--database", database.url];
    expect((await found(...prove)).messages).toEqual([
      "0001_by_hand has no snapshot",
      expect.stringMatching(/the migrations create something that is in no snapshot: index a_id/),
    ]);
    expect(await fleetOf("check", ...prove, "--accept", "by hand")).toMatchObject({ code: 0 });
    expect((await found(...prove)).messages).toEqual([]);
    expect(await found()).toMatchObject({ messages: [], stale: [] });
  });
});

describe("a checkout with different line endings", () => {
  const ends = {
    "as git makes them on Windows": (text: string) => text.replaceAll("\n", "\r\n"),
    "and back, where they were generated with those of Windows": (text: string) =>
      text.replaceAll("\r\n", "\n"),
  };

  test.each(Object.entries(ends))("agrees with the ledgers, %s", async (name, convert) => {
    const { at, database, generate, fleetOf, found } = await projectOf();
    await generate("words", "--custom");
    const back = name.startsWith("as")
      ? (text: string) => text
      : ends["as git makes them on Windows"];
    const text = back("CREATE TABLE w (t text);\nINSERT INTO w VALUES ('one\ntwo');\n");
    await writeFile(at("0000_words.sql"), text);
    await writeFile(at("0000_words.down.sql"), "DROP TABLE w;\n");
    await generate("init");
    expect(await fleetOf("migrate", "--tenant", "a")).toMatchObject({ code: 0 });
    await writeFile(at("0000_words.sql"), convert(text));
    expect((await found()).messages).toEqual([]);
    // A tenant created from this checkout equals one created from the other.
    expect(await fleetOf("migrate")).toMatchObject({ code: 0 });
    await writeFile(at("0000_words.sql"), text);
    expect((await fleetOf("status")).stdout).toContain("All 2 targets are at head");
    const rows = await database.query("SELECT a.t = b.t AS same FROM app_a.w a, app_b.w b");
    expect(rows).toEqual([{ same: true }]);
    expect(await fleetOf("check")).toMatchObject({ code: 0 });
  });

  test("agrees with the ledgers even if no line endings were recorded", async () => {
    const { at, database, fleetOf, generate } = await projectOf();
    await generate("init");
    await generate("words", "--custom");
    const files = ["0000_init.sql", "0001_words.sql"];
    await writeFile(
      at("0001_words.sql"),
      "CREATE TABLE w (t text DEFAULT 'one\ntwo');\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\n  SELECT 1;\n$$;\n",
    );
    await writeFile(at("0001_words.down.sql"), "DROP TABLE w;\nDROP FUNCTION f();\n");
    await rm(at("checksums.json"));
    const convert = async (change: (text: string) => string) => {
      for (const file of files) await writeFile(at(file), change(await readFile(at(file), "utf8")));
    };
    expect(await fleetOf("migrate", "--to", "0000_init", "--tenant", "a")).toMatchObject({
      code: 0,
    });
    await convert((text) => text.replaceAll("\n", "\r\n"));
    expect(await fleetOf("migrate", "--tenant", "a")).toMatchObject({ code: 0 });
    await convert((text) => text.replaceAll("\r\n", "\n"));
    expect(await fleetOf("migrate")).toMatchObject({ code: 0 });
    const differing = `SELECT count(DISTINCT prosrc)::int FROM pg_proc WHERE proname = 'f'
      UNION ALL SELECT count(DISTINCT column_default)::int FROM information_schema.columns WHERE column_name = 't'
      UNION ALL SELECT count(DISTINCT checksum)::int FROM (TABLE app_a.__fleet_ledger UNION TABLE app_b.__fleet_ledger) l WHERE tag = '0001_words'`;
    expect(await database.query(differing)).toEqual([{ count: 1 }, { count: 1 }, { count: 1 }]);
    expect((await fleetOf("status")).stdout).toContain("All 2 targets are at head");
    expect((await fleetOf("migrate")).stdout).toContain("Nothing to do");
    expect(await fleetOf("downgrade", "-1")).toMatchObject({ code: 0 });
    expect(await fleetOf("migrate")).toMatchObject({ code: 0 });
  });

  test("still reports an edit as edited", async () => {
    const { at, generate, found } = await projectOf();
    await generate("init");
    const text = await readFile(at("0000_init.sql"), "utf8");
    await writeFile(at("0000_init.sql"), `${text}-- more\n`.replaceAll("\n", "\r\n"));
    expect((await found()).messages).toEqual(["0000_init was edited after it was generated"]);
  });
});
