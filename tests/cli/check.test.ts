import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, inject, test } from "vitest";
import { createProject, ended, type Installed, run, runCli, startCli } from "../support/cli.ts";
import { createDatabase } from "../support/database.ts";
import { configFile, createFolder } from "../support/fleet.ts";
import { repository } from "../support/repository.ts";

const schema = (columns: string) => `import { pgTable, text } from "drizzle-orm/pg-core";
export const users = pgTable("users", { name: text("name"), ${columns} });
`;

const originals = new Map<Installed, Promise<string>>();

/** A project with three migrations, made once for each layout and copied for each test. */
async function createReleased(installed: Installed = "journal") {
  const original = originals.get(installed) ?? createOriginal(installed);
  originals.set(installed, original);
  const folder = await createFolder();
  await cp(await original, folder, { recursive: true, verbatimSymlinks: true });
  const at = (name: string) => join(folder, "drizzle", name);
  const rewrite = async (name: string, change: (text: string) => string) => {
    const text = await readFile(at(name), "utf8");
    expect(change(text)).not.toBe(text);
    await writeFile(at(name), change(text));
  };
  const found = async (...args: string[]) => {
    const result = await runCli(folder, ["check", "--json", ...args]);
    const { findings } = JSON.parse(result.stdout) as { findings: { message: string }[] };
    expect(result.code).toBe(findings.length === 0 ? 0 : 3);
    return findings.map(({ message }) => message);
  };
  return { folder, at, rewrite, found };
}

async function createOriginal(installed: Installed): Promise<string> {
  const config = configFile({
    databases: { main: { url: "postgres://localhost/none" } },
    proofDatabase: inject("adminUrl"),
    services: {
      app: {
        schema: "./schema.ts",
        out: "./drizzle",
        database: "main",
        tenantSchema: "app_{tenant}",
      },
    },
    tenants: ["a"],
  });
  const project = await createProject({ "drizzle.config.ts": config }, installed);
  const versions = {
    init: "",
    email: `email: text("email"),`,
    phone: `email: text("email"), phone: text("phone"),`,
  };
  for (const [name, columns] of Object.entries(versions)) {
    await writeFile(join(project, "schema.ts"), schema(columns));
    expect(await runCli(project, ["generate", "--name", name])).toMatchObject({ code: 0 });
  }
  const kept = await mkdtemp(join(tmpdir(), "drizzle-fleet-released-"));
  await cp(project, kept, { recursive: true, verbatimSymlinks: true });
  return kept;
}

afterAll(async () => {
  for (const original of originals.values()) await rm(await original, { recursive: true });
});

async function rewriteChecksums(path: string, from: string, to: string): Promise<void> {
  await writeFile(path, (await readFile(path, "utf8")).replace(from, to));
}

/** Changes the journal's entry with this number. */
function entry(idx: number, change: Record<string, unknown>) {
  return (text: string): string => {
    const journal = JSON.parse(text);
    const entries = journal.entries.map((one: { idx: number }) =>
      one.idx === idx ? { ...one, ...change } : one,
    );
    return JSON.stringify({ ...journal, entries });
  };
}

describe("check in the journal layout", () => {
  test("reports all problems at once", async () => {
    const { at, rewrite, found, folder } = await createReleased();
    await rm(at("0000_init.down.sql"));
    await rewrite("0001_email.sql", (text) => `${text}\n-- edited`);
    await rewrite("0002_phone.down.sql", () => "DROP TABLE billing.invoices;");
    await writeFile(at("0009_stray.sql"), "SELECT 1;");
    await rm(at("meta/0002_snapshot.json"));
    await writeFile(join(folder, "schema.ts"), schema(`nick: text("nick")`));
    const messages = await found();
    expect(messages).toEqual(
      expect.arrayContaining([
        "0000_init has no down",
        "0001_email was edited after it was generated",
        "0009_stray.sql belongs to no migration of the journal",
        "0002_phone has no snapshot",
        expect.stringContaining("billing"),
      ]),
    );
  });

  test.each([
    [
      "a number that appears twice",
      entry(2, { idx: 1 }),
      /gives the number 1 to 0001_email and 0002_phone/,
    ],
    ["a tag that appears twice", entry(2, { tag: "0001_email" }), /lists 0001_email twice/],
    [
      "times out of order",
      entry(2, { when: 1 }),
      /"when" of 0002_phone is not later than that of 0001_email/,
    ],
    ["a malformed entry", entry(2, { idx: "two" }), /journal is malformed: entries.2.idx/],
    ["text that is not JSON", (text: string) => text.slice(1), /malformed: it is not JSON/],
    ["conflict markers", (text: string) => `<<<<<<< HEAD\n${text}`, /conflict markers/],
  ])("reports %s in the journal", async (_what, change, message) => {
    const { rewrite, found } = await createReleased();
    await rewrite("meta/_journal.json", change);
    expect(await found()).toContainEqual(expect.stringMatching(message));
  });

  test.each([
    ["a malformed snapshot", () => "{}", /snapshot of 0001_email is malformed/],
    [
      "a missing parent of a snapshot",
      (text: string) => text.replace(/"prevId": "[^"]+"/, '"prevId": "x"'),
      /0001_email follows a migration that is not listed before it/,
    ],
  ])("reports %s", async (_what, change, message) => {
    const { rewrite, found } = await createReleased();
    await rewrite("meta/0001_snapshot.json", change);
    expect(await found()).toContainEqual(expect.stringMatching(message));
  });

  test("reports snapshots with the same id, a lost migration, an empty down and SQL that does not parse", async () => {
    const { rewrite, found, at } = await createReleased();
    const { id } = JSON.parse(await readFile(at("meta/0001_snapshot.json"), "utf8"));
    await rewrite("meta/0002_snapshot.json", (text) => JSON.stringify({ ...JSON.parse(text), id }));
    await rewrite("checksums.json", (text) =>
      JSON.stringify({ ...JSON.parse(text), "0003_gone": "0".repeat(64) }),
    );
    await rewrite("0001_email.down.sql", () => "-- nothing\n");
    await rewrite("0002_phone.down.sql", () => "ALTER TABL users;");
    expect(await found()).toEqual(
      expect.arrayContaining([
        "the snapshots of 0001_email and 0002_phone have the same id",
        "0003_gone was generated, but its files are missing",
        "the down of 0001_email is empty",
        expect.stringContaining("syntax error"),
      ]),
    );
    await rewrite("0001_email.down.sql", () => "-- drizzle-fleet: irreversible, it was sent out\n");
    expect(await found()).not.toContain("the down of 0001_email is empty");
  });

  test("reports edits, but not line endings that git changed", async () => {
    const { rewrite, found } = await createReleased();
    await rewrite("0001_email.sql", (text) => `${text}\n`);
    expect(await found()).toEqual(["0001_email was edited after it was generated"]);
    await rewrite("0001_email.sql", (text) => text.trimEnd());
    const ended = (text: string) => text.replaceAll("\n", "\r\n");
    const files = ["0000_init.sql", "0000_init.down.sql", "meta/_journal.json", "checksums.json"];
    for (const file of files) await rewrite(file, ended);
    for (const file of ["meta/0000_snapshot.json", "proofs.json"]) await rewrite(file, ended);
    expect(await found()).toEqual([]);
  });

  test("writes GitHub annotations with file, line and the complete text", async () => {
    const { folder, rewrite } = await createReleased();
    await rewrite("0002_phone.down.sql", () => "-- 100%\nDROP TABLE billing.invoices;");
    const result = await runCli(folder, ["check", "--format", "github"], {
      GITHUB_WORKSPACE: folder,
    });
    expect(result.code).toBe(3);
    expect(result.stdout).toMatch(
      /^::error file=drizzle\/0002_phone\.down\.sql,line=2,col=\d+,title=drizzle-fleet%3A app::.*billing.*%0A/,
    );
    expect(result.stdout.trimEnd().split("\n")).toHaveLength(1);
  });
});

describe("check in the folders layout", () => {
  test("reports missing files, a lost parent, edits and branches", async () => {
    const { at, found, folder } = await createReleased("folders");
    const names = (await readdir(at(""))).filter((name) => /^\d/.test(name)).sort();
    const [init = "", email = "", phone = ""] = names;
    expect(await found()).toEqual([]);
    const original = await readFile(at(`${email}/migration.sql`), "utf8");
    await writeFile(at(`${email}/migration.sql`), `${original}\n-- edited`);
    await rm(at(`${phone}/down.sql`));
    expect(await found()).toEqual(
      expect.arrayContaining([
        `${email} was edited after it was generated`,
        `${phone} has no down`,
      ]),
    );
    await writeFile(at(`${email}/migration.sql`), original);
    const snapshot = JSON.parse(await readFile(at(`${phone}/snapshot.json`), "utf8"));
    const first = JSON.parse(await readFile(at(`${init}/snapshot.json`), "utf8"));
    await writeFile(
      at(`${phone}/snapshot.json`),
      JSON.stringify({ ...snapshot, prevIds: [first.id] }),
    );
    expect(await found()).toContain(
      `${email} and ${phone} follow the same migration: they were generated on two branches`,
    );
    await rm(at(`${email}/migration.sql`));
    expect(await found()).toContain(
      `drizzle/${email}/migration.sql is missing, although its folder exists`,
    );
    expect((await runCli(folder, ["check"])).stdout).toContain(
      "or delete its folder if it was never released.",
    );
    await writeFile(join(folder, "drizzle", email, "migration.sql"), original);
  });
});

describe("merge", () => {
  test("resolves a conflict in checksums.json alone", async () => {
    const { folder, at, rewrite, found } = await createReleased();
    const before = await readFile(at("checksums.json"), "utf8");
    await rewrite("checksums.json", (text) =>
      text.replace(/^.*0001_email.*\n/m, (line) => {
        const other = line.replace(/[0-9a-f]{64}/, "0".repeat(64));
        return `<<<<<<< HEAD\n${line}=======\n${other}>>>>>>> other\n`;
      }),
    );
    expect(await found()).toContainEqual(expect.stringContaining("conflict markers"));
    expect(await runCli(folder, ["merge", "--offline"])).toMatchObject({ code: 0 });
    expect(await readFile(at("checksums.json"), "utf8")).toBe(before);
  });
});

describe("check --database", () => {
  test("finds a migration that cannot be applied, a down that does not restore the schema, and a schema that differs", async () => {
    const database = await createDatabase();
    const { folder, rewrite, found } = await createReleased();
    const prove = () => found("--database", database.url);
    expect(await prove()).toEqual([]);

    await rewrite(
      "0001_email.down.sql",
      () => `ALTER TABLE "users" RENAME COLUMN "email" TO "old";`,
    );
    expect(await prove()).toEqual(["the down of 0001_email does not restore the schema"]);
    await rewrite("0001_email.down.sql", () => `ALTER TABLE "nobody" DROP COLUMN "email";`);
    expect(await prove()).toEqual([`relation "nobody" does not exist (SQLSTATE 42P01)`]);
    await rewrite("0001_email.down.sql", () => `ALTER TABLE "users" DROP COLUMN "email";`);
    expect(await prove()).toEqual([]);
    const told = await runCli(folder, ["check", "--database", database.url]);
    expect(told.stdout).toContain("\n\nProved: app (3 migrations): up, down and up again.\n");

    await rewrite("0002_phone.sql", () => `ALTER TABLE "users" ADD COLUMN "phone" integer;`);
    expect(await prove()).toEqual(
      expect.arrayContaining([
        "the migrations do not create the schema that the newest snapshot describes",
      ]),
    );
    await rewrite("0001_email.sql", () => `ALTER TABLE "users" ADD COLUMN "name" text;`);
    expect(await prove()).toContain(
      `column "name" of relation "users" already exists (SQLSTATE 42701)`,
    );
    // No scratch schema is left.
    expect(
      await database.query("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'fleet_check%'"),
    ).toEqual([]);
  });
});

describe("generate", () => {
  test("refuses the second of two concurrent runs, and leaves no half-written file", async () => {
    const { folder, at, found } = await createReleased();
    await writeFile(
      join(folder, "schema.ts"),
      schema(`nick: text("nick"), email: text("email"), phone: text("phone"),`),
    );
    const all = await Promise.all(
      ["one", "two", "three"].map((name) => ended(startCli(folder, ["generate", "--name", name]))),
    );
    const won = all.filter(({ code }) => code === 0);
    expect(won.length).toBeGreaterThan(0);
    for (const { code, stderr } of all.filter((one) => one.code !== 0)) {
      expect(code).toBe(2);
      expect(stderr).toMatch(/is changing drizzle|changed while this command ran/);
    }
    const sql = (await readdir(at(""))).filter((name) => /^0003.*(?<!down)\.sql$/.test(name));
    expect(sql).toHaveLength(1);
    expect(await found()).toEqual([]);
    expect(await readdir(at(""))).not.toContainEqual(expect.stringMatching(/tmp|lock/));
  });

  test("ignores the lock of a killed process, and respects that of a running one", async () => {
    const { folder, at } = await createReleased();
    await writeFile(at(".drizzle-fleet.lock"), String(process.pid));
    const refused = await runCli(folder, ["generate", "app", "--custom"]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`process ${process.pid} is changing drizzle`);
    // A lock file left by a killed process does not count: with its pid, without a valid one, or with a reused one.
    const hourAgo = new Date(Date.now() - 3_600_000);
    for (const left of ["4194303", "", "x", String(process.pid)]) {
      await writeFile(at(".drizzle-fleet.lock"), left);
      if (left === String(process.pid)) await utimes(at(".drizzle-fleet.lock"), hourAgo, hourAgo);
      const name = `n${left}`;
      expect(await runCli(folder, ["generate", "app", "--custom", "--name", name])).toMatchObject({
        code: 0,
      });
    }
  });

  test.each<Installed>(["journal", "folders"])(
    "reports and refuses an empty migration until it is completed, marked or accepted, in the layout %s",
    async (installed) => {
      const { url } = await createDatabase();
      const { folder, at, found } = await createReleased(installed);
      const config = join(folder, "drizzle.config.ts");
      const text = await readFile(config, "utf8");
      await writeFile(config, text.replace("postgres://localhost/none", url));
      const made = await runCli(folder, ["generate", "app", "--custom", "--name", "fill"]);
      expect(made.stdout).toContain("fill in both files: an empty migration is refused");
      const file = (await readdir(at(""), { recursive: true })).find((name) =>
        /_fill(\.sql|\/migration\.sql)$/.test(name),
      );
      const sql = at(file ?? "");
      const tag = /^[^/.]+/.exec(file ?? "")?.[0];
      const down = sql.replace(/\.sql$/, installed === "journal" ? ".down.sql" : "");
      await writeFile(
        installed === "journal" ? down : join(down, "../down.sql"),
        "-- drizzle-fleet: nothing to take back\n",
      );
      const message = `${tag} is empty: it has no SQL statement`;
      for (const empty of ["-- to do\n", "", ";\n--> statement-breakpoint\n;", "BEGIN; COMMIT;"]) {
        await writeFile(sql, empty);
        expect(await found(), empty).toContain(message);
      }
      for (const verb of [["migrate"], ["plan"], ["migrate", "--sql", "--from", "base"]]) {
        const refused = await runCli(folder, verb);
        expect(refused.code, verb.join(" ")).toBe(2);
        expect(refused.stderr, verb.join(" ")).toContain(message);
        expect(refused.stderr).toContain("-- drizzle-fleet: empty on purpose");
      }
      await runCli(folder, ["check", "--accept", "released"]);
      expect(JSON.parse(await readFile(at("accepted.json"), "utf8"))).toMatchObject({
        [`empty-migration ${tag}`]: { reason: "released" },
      });
      expect((await runCli(folder, ["migrate"])).code).toBe(0);
      // It is applied, so it does not prevent later runs.
      await rm(at("accepted.json"));
      expect((await runCli(folder, ["migrate"])).code).toBe(0);
      await writeFile(sql, "-- drizzle-fleet: empty on purpose\n");
      expect(await found()).not.toContain(message);
    },
  );

  test("respects patterns that exclude files, and skips files that are not code", async () => {
    const { folder, found } = await createReleased();
    const config = join(folder, "drizzle.config.ts");
    const text = await readFile(config, "utf8");
    expect(text).toContain('"./schema.ts"');
    await mkdir(join(folder, "tables"));
    await rename(join(folder, "schema.ts"), join(folder, "tables/users.ts"));
    await writeFile(join(folder, "tables/README.md"), "# Tables\n");
    await writeFile(join(folder, "tables/users.test.ts"), 'throw new Error("not a schema");\n');
    const patterns = '["./tables/*", "!./tables/*.test.ts"]';
    await writeFile(config, text.replace('"./schema.ts"', patterns));
    expect(await found()).toEqual([]);
  });

  test.each([
    [
      "references() names a column that is undefined",
      "author: text().references(() => users.nope),",
    ],
    ["references() names a column that is undefined", "author: text().references(users.name),"],
    [
      "foreignKey() names a column",
      "author: text() }, (t) => [foreignKey({ columns: [t.author], foreignColumns: [users.nope] })]); void ({",
    ],
    [
      "its indexes and constraints cannot be read",
      "author: text() }, (t) => [index().on(t.nope)]); void ({",
    ],
  ])("names file and table: %s", async (words, columns) => {
    for (const installed of ["journal", "folders"] as const) {
      const { folder } = await createReleased(installed);
      await writeFile(
        join(folder, "schema.ts"),
        `import { foreignKey, index, pgTable, text } from "drizzle-orm/pg-core";
export const users = pgTable("users", { name: text() });
export const posts = pgTable("posts", { ${columns} });
void [foreignKey, index];`,
      );
      const { code, stdout } = await runCli(folder, ["check"]);
      expect(code).toBe(3);
      expect(stdout).toMatch(/schema\.ts\b/);
      expect(stdout).toContain(`table posts, export posts: ${words}`);
    }
  });

  test("marks the data of a column that becomes generated as lost", async () => {
    const { folder, at } = await createReleased();
    const computed = (of: string) => `import { sql } from "drizzle-orm";
${schema(`email: text("email").generatedAlwaysAs(sql\`lower(${of})\`), phone: text("phone"),`)}`;
    await writeFile(join(folder, "schema.ts"), computed("name"));
    expect(await runCli(folder, ["generate", "--name", "one"])).toMatchObject({ code: 0 });
    expect(await readFile(at("0003_one.down.sql"), "utf8")).toContain(
      "-- drizzle-fleet: data-loss column users.email comes back without its data\n",
    );
    await writeFile(join(folder, "schema.ts"), computed("phone"));
    expect(await runCli(folder, ["generate", "--name", "two"])).toMatchObject({ code: 0 });
    expect(await readFile(at("0004_two.down.sql"), "utf8")).not.toContain("data-loss");
  });

  test("puts the new migration last even if the clock was set back", async () => {
    const { folder, at, found } = await createReleased("folders");
    const newest = (await readdir(at(""))).filter((name) => name.endsWith("_phone"));
    await rename(at(newest[0] ?? ""), at("29991231235959_phone"));
    for (const record of ["checksums.json", "proofs.json"])
      await rewriteChecksums(at(record), newest[0] ?? "", "29991231235959_phone");
    await writeFile(
      join(folder, "schema.ts"),
      schema(`nick: text("nick"), email: text("email"), phone: text("phone"),`),
    );
    expect(await runCli(folder, ["generate", "--name", "nick"])).toMatchObject({ code: 0 });
    expect(await readdir(at(""))).toContain("30000101000000_nick");
    expect(await found()).toEqual([]);
  });

  test.each([
    [["--accept", "--dry-run"]],
    [["--accept", "--down"]],
    [["--down", "--rename", "column:users.email=mail"]],
    [["app", "--custom", "--drop", "column:users.email"]],
  ])("refuses contradictory options and writes nothing: %j", async (args) => {
    const { folder, at, rewrite } = await createReleased();
    await rewrite("0001_email.sql", (text) => `${text}\n-- edited`);
    const before = await readFile(at("checksums.json"), "utf8");
    const result = await runCli(folder, ["generate", ...args]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain("cannot be used with option");
    expect(await readFile(at("checksums.json"), "utf8")).toBe(before);
  });

  test("reports a folder that cannot be written, and leaves no half-written file", async () => {
    const { folder, at } = await createReleased();
    const before = await readdir(at(""));
    await writeFile(
      join(folder, "schema.ts"),
      schema(`nick: text("nick"), email: text("email"), phone: text("phone"),`),
    );
    await chmod(folder, 0o755);
    await chmod(at(""), 0o555);
    const args = [join(repository, "dist/cli/main.js"), "generate", "--name", "nick"];
    // root could write everywhere.
    const other = ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath];
    const refused =
      process.getuid?.() === 0
        ? await run(folder, "setpriv", [...other, ...args])
        : await run(folder, process.execPath, args);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(
      "drizzle/.drizzle-fleet.lock cannot be written: permission denied",
    );
    expect(refused.stderr).toContain("Nothing was written");
    await chmod(at(""), 0o755);
    expect(await readdir(at(""))).toEqual(before);
    // A folder is in the place of the down.
    await mkdir(at("0003_nick.down.sql"));
    const blocked = await runCli(folder, ["generate", "--name", "nick"]);
    expect(blocked.code).toBe(2);
    expect(blocked.stderr).toContain("0003_nick.down.sql cannot be written: it already exists");
    await rm(at("0003_nick.down.sql"), { recursive: true });
    expect(await readdir(at(""))).toEqual(before);
  });

  test.each([
    [["--rename", "column:email=mail"], "--rename column:email=mail is not valid"],
    [["--rename", "users.email=mail"], "--rename users.email=mail is not valid"],
    [["--drop", "thing:users"], "--drop thing:users is not valid"],
    [
      ["--rename", "column:users.emial=mail"],
      "--rename column:users.emial=mail matches no schema change",
    ],
    [["--rename", "column:users.email=mail"], "contradict each other"],
    [["--name", "a/b"], "is not a valid migration name"],
  ])("refuses %j", async (args, message) => {
    const { folder, at } = await createReleased();
    const before = await readdir(at(""));
    await writeFile(join(folder, "schema.ts"), schema(`mail: text("mail"), phone: text("phone"),`));
    const result = await runCli(folder, ["generate", "--drop", "column:users.email", ...args]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(message);
    expect(await readdir(at(""))).toEqual(before);
  });
});
