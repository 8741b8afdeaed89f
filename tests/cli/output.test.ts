import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type CliResult, createProject, runCli } from "../support/cli.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { appFleet, configFile, history } from "../support/fleet.ts";

/** Characters that a terminal interprets: they clear, move, hide or reverse text, or end a line. */
const nasty = "\u001b[2J\u009b1A\u202e\u200b\u2028\u007f\ufeff";
const codes = String.raw`\u001b[2J\u009b1A\u202e\u200b\u2028\u007f\ufeff`;

function projectFor(database: TestDatabase, migrations: Record<string, string>, more = {}) {
  return createProject({
    "drizzle.config.ts": configFile(appFleet(database.url, ["acme", "ball"], more)),
    ...history("drizzle/app", migrations),
  });
}

/** Checks that the output has no character that a terminal would interpret or hide. */
function expectVisible({ stdout, stderr }: CliResult) {
  for (const text of [stdout, stderr])
    expect(text.replaceAll("\n", "")).not.toMatch(/[\p{C}\p{Zl}]/u);
}

const first = { "0000_t": "CREATE TABLE t (id int);" };

describe("terminal control characters are shown as codes", () => {
  test("in a server's message, detail and hint; in text, JSON, recorded rollouts, and GitHub's logs", async () => {
    const database = await createDatabase();
    const spelled = [...nasty].map((character) => `chr(${character.codePointAt(0)})`).join("||");
    const project = await projectFor(database, {
      ...first,
      "0001_bad": `DO $$ BEGIN RAISE EXCEPTION USING MESSAGE = 'm'||${spelled}||E'\\n::error::x',
        DETAIL = 'd'||${spelled}, HINT = E'h\\n-> Done: 2 targets at head.'||${spelled}; END $$;`,
    });
    const text = await runCli(project, ["migrate"]);
    expectVisible(text);
    expect(text.code).toBe(5);
    expect(text.stdout).toContain(`m${codes}`);
    expect(text.stdout).toContain(`d${codes}`);
    // A line from the server is indented, so it does not look like a line of drizzle-fleet.
    expect(text.stdout).toMatch(/^ {4}-> Done: 2 targets at head\./m);

    const json = await runCli(project, ["migrate", "--json"]);
    expectVisible(json);
    expect(json.stdout).toMatch(/^[\n -~]*$/);
    const events = json.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.at(-1).failures[0].message).toBe(`m${nasty}\n::error::x`);

    const [rollout] = JSON.parse((await runCli(project, ["rollouts", "--json"])).stdout).rollouts;
    const kept = await runCli(project, ["rollouts", rollout.id]);
    expectVisible(kept);
    expect(kept.stdout).toContain(`d${codes}`);

    const inGithub = await runCli(project, ["migrate"], { GITHUB_ACTIONS: "true" });
    expect(inGithub.stdout).toContain("\\u003a:error::x");
    expect(`${inGithub.stdout}${inGithub.stderr}`).not.toMatch(/^\s*::/m);
  });

  test("in a tag, in every verb that shows it and in psql's scripts", async () => {
    const database = await createDatabase();
    const tag = `0001_x${nasty}`;
    const project = await projectFor(database, { ...first, [tag]: "SELECT 1;" });
    for (const args of [
      ["plan"],
      ["history", "--offline"],
      ["heads"],
      ["check", "--json"],
      ["check", "--format", "github"],
      ["migrate"],
      ["status"],
      ["status", "--json"],
      ["downgrade", "-1"],
      ["stamp", "base", "--dry-run"],
    ])
      expectVisible(await runCli(project, args));
    expect((await runCli(project, ["status"])).stdout).toContain(codes);

    const { stdout } = await runCli(project, ["migrate", "--sql", "--from", "0000_t"]);
    const forPsql = stdout.split("\n").filter((line) => /^(--|\\)/.test(line));
    expect(forPsql.join("\n")).toContain("\\warn");
    expectVisible({ code: 0, stdout: forPsql.join("\n"), stderr: "" });
  });

  test("in an excerpt, a literal that it quotes, and the name of the file", async () => {
    const database = await createDatabase();
    const project = await projectFor(database, {
      [`0000_a${nasty}`]: `SELECT '${nasty}' FROM "o${nasty}".t;\nSELEC '${nasty}';`,
    });
    for (const args of [
      ["migrate"],
      ["check"],
      ["check", "--format", "github"],
      ["check", "--json"],
    ]) {
      const ran = await runCli(project, args);
      expectVisible(ran);
      expect(ran.code).toBeGreaterThan(1);
    }
  });

  test("in arguments, the configuration and its errors, tenants and their attributes", async () => {
    const database = await createDatabase();
    const project = await projectFor(database, first);
    const runs = [
      [`--x${nasty}`],
      [`verb${nasty}`],
      ["tenants", `verb${nasty}`],
      ["migrate", "--lock-timeout", nasty],
      ["migrate", "--tenant", nasty],
      ["migrate", "--service", nasty],
      ["migrate", "--to", nasty],
      ["status", "--config", `no${nasty}.ts`],
      ["rollouts", nasty],
      ["downgrade", nasty],
      ["tenants", "add", nasty],
    ];
    for (const args of runs) {
      const ran = await runCli(project, args);
      expectVisible(ran);
      expect(ran.code, args.join(" ")).not.toBe(0);
    }
    for (const config of [
      `throw new Error(${JSON.stringify(nasty)})`,
      `export default { ${JSON.stringify(nasty)}: 1 }; /* ${nasty.replace("\u2028", "")} */ const = "${nasty}"`,
      configFile(appFleet(database.url, ["acme"], { services: {} })).replace(
        "connectTimeout",
        nasty.slice(4, 6),
      ),
    ]) {
      await writeFile(join(project, "drizzle.config.ts"), config);
      const ran = await runCli(project, ["status"]);
      expectVisible(ran);
      expect(ran.code).toBe(2);
    }
  });
});

describe("texts that are too long", () => {
  test("are shown in part: a line of 10 MB and a detail of 1 MB", async () => {
    const database = await createDatabase();
    const project = await projectFor(database, {
      "0000_long": `SELECT '${"x".repeat(10e6)}' oops oops;`,
    });
    const long = await runCli(project, ["migrate"]);
    expect(long).toMatchObject({ code: 2, stdout: "" });
    expect(long.stderr).toContain("drizzle/app/0000_long.sql:1:");
    expect(long.stderr).toContain("...xxx");
    expect(long.stderr.length).toBeLessThan(1_000);

    const text =
      "DO $$ BEGIN RAISE EXCEPTION USING MESSAGE = repeat('m', 1000000), DETAIL = repeat('d', 1000000); END $$;";
    const other = await projectFor(await createDatabase(), { "0000_detail": text });
    const detail = await runCli(other, ["migrate", "--json"]);
    expect(detail.code).toBe(5);
    expect(detail.stdout).toContain("... and 998000 more characters");
    // Two targets, each with a message and a detail, and the summary.
    expect(detail.stdout.length).toBeLessThan(20_000);
    expect((await runCli(other, ["migrate"])).stdout.length).toBeLessThan(8_000);
  });

  test("are refused with the other problems of the files: an expression that is nested too deeply", async () => {
    const project = await projectFor(await createDatabase(), {
      ...first,
      "0001_deep": `SELECT 1;\nSELECT ${"1+".repeat(50_000)}1;`,
      "0002_wrong": "SELEC 1;",
    });
    for (const args of [["migrate"], ["check"]]) {
      const { code, stdout, stderr } = await runCli(project, args);
      expect(code).toBe(args[0] === "check" ? 3 : 2);
      const written = `${stdout}${stderr}`;
      expect(written).toMatch(/0001_deep\.sql:2:1: an expression or a list is nested too deeply/);
      expect(written).toMatch(/0002_wrong\.sql:1:1: syntax error at or near "SELEC"/);
      expect(written).not.toMatch(/bug|stack/);
    }
  });
});

describe("texts that would not reach the server intact", () => {
  const wrong: [string, Buffer, RegExp][] = [
    [
      "Latin-1",
      Buffer.from("SELECT 1;\nSELECT 'gr\xf6\xdfe';", "latin1"),
      /sql:2:11: byte 20 of the file \(0xf6\) is not valid UTF-8/,
    ],
    ["UTF-16", Buffer.from("\ufeffSELECT 1;", "utf16le"), /the file is encoded in UTF-16/],
    [
      "a character that is cut off",
      Buffer.from("SELECT '日").subarray(0, -1),
      /sql:1:9: byte 8 of the file \(0xe6\)/,
    ],
    ["half of a surrogate pair", Buffer.from([0x2d, 0x2d, 0xed, 0xa0, 0x80]), /sql:1:3: byte 2/],
    ["a NUL byte", Buffer.from("SELECT 1;\0\nSELECT 2;"), /sql:1:10.*NUL/],
  ];

  test.each(wrong)(
    "are refused with their place, and nothing is applied: %s in a migration and its down",
    async (_, bytes, message) => {
      const database = await createDatabase();
      const project = await projectFor(database, first);
      const file = join(project, "drizzle/app/0000_t.sql");
      await writeFile(file, bytes);
      for (const args of [["migrate"], ["check"], ["migrate", "--sql"]]) {
        const { code, stdout, stderr } = await runCli(project, args);
        expect(code).toBeGreaterThan(1);
        expect(`${stdout}${stderr}`).toMatch(message);
      }
      expect(await database.query("SELECT FROM pg_namespace WHERE nspname LIKE 'app%'")).toEqual(
        [],
      );

      await writeFile(file, "CREATE TABLE t (id int);");
      await writeFile(join(project, "drizzle/app/0000_t.down.sql"), bytes);
      expect((await runCli(project, ["migrate"])).code).toBe(0);
      const down = await runCli(project, ["downgrade", "-1"]);
      expect(down.code).toBe(2);
      expect(down.stderr).toMatch(message);
    },
  );

  test("are refused: a NUL byte in the query for the tenants, and in a URL", async () => {
    const database = await createDatabase();
    const query = "SELECT 'acme'\0 WHERE false";
    const project = await projectFor(database, first);
    const configure = (fleet: object) =>
      writeFile(
        join(project, "drizzle.config.ts"),
        configFile({ ...appFleet(database.url, []), ...fleet }),
      );
    await configure({ tenants: { query, database: "main" } });
    const asked = await runCli(project, ["status"]);
    expect(asked.code).not.toBe(0);
    expect(asked.stderr).toMatch(/NUL byte/);

    await configure({ databases: { main: { url: `${database.url}%00x` } }, tenants: ["acme"] });
    const connected = await runCli(project, ["status"]);
    expect(connected.code).toBe(2);
    expect(connected.stderr).toContain('the URL of database "main" contains a NUL byte');
  });
});
