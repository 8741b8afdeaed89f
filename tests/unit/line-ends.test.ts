import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { historyOf } from "../../src/plan/history.ts";
import { matchRows } from "../../src/plan/match-rows.ts";
import { planTarget } from "../../src/plan/migrate.ts";
import { checksumOf } from "../../src/source/checksums.ts";
import { readDown } from "../../src/source/downs.ts";
import { withoutCarriageReturns } from "../../src/source/line-ends.ts";
import { readMigrations } from "../../src/source/read-migrations.ts";
import { createFolder, type Files, history } from "../support/fleet.ts";

const crlf = (text: string) => text.replaceAll("\n", "\r\n");

describe("the text of a file has only LF", () => {
  const body = "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $x$\n  SELECT 'a'\n$x$;\n";
  test.each([
    ["all lines end in CRLF", crlf(body), body],
    ["only the last line ends in LF", `${crlf(body)}SELECT 1;\n`, `${body}SELECT 1;\n`],
    ["a body was pasted with CRLF", body.replace("'a'\n", "'a'\r\n"), body],
    ["one line with a literal of two lines", "SELECT 'a\r\nb'", "SELECT 'a\nb'"],
    ["a comment holds a quote", "-- it's\r\nSELECT 1; -- 'x\r\n", "-- it's\nSELECT 1; -- 'x\n"],
  ])("%s", (_, text, expected) => {
    expect(withoutCarriageReturns(text)).toBe(expected);
  });

  test.each([
    ["between quotes in a file with LF", "INSERT INTO t VALUES ('a\r\nb');\nSELECT 1;\n"],
    ["in an escaped literal", "SELECT E'it\\'s\r\n';\nSELECT 1;\n"],
    ["in a quoted name", 'SELECT 1 AS "a\r\nb";\n'],
    ["a CR without LF", "SELECT 'a\rb';\r"],
  ])("an intended CR stays: %s", (_, text) => {
    expect(withoutCarriageReturns(text)).toBe(text);
  });
});

const lf = "CREATE TABLE t (a text);\n--> statement-breakpoint\nCREATE TABLE u (a text);\n";
const texts = {
  LF: lf,
  CRLF: crlf(lf),
  "CRLF with a last line in LF": `${crlf(lf.trimEnd())}\n`,
  "CRLF from the second line on": lf.replace("u (a text);\n", "u (a text);\r\n"),
};
const target = { database: "main", service: "app", tenant: "a", schema: "app_a" };

async function read(text: string, more: Files = {}) {
  const folder = await createFolder({ ...history("out", { "0000_t": text }), ...more });
  return readMigrations("app", join(folder, "out"));
}

describe.each(Object.entries(texts))("a file with %s", (_, text) => {
  test("has the same text, checksum and digest as with LF", async () => {
    const migrations = await read(text);
    expect(migrations).toMatchObject([{ text: lf, checksum: checksumOf(lf) }]);
    expect(historyOf(migrations).digests).toEqual(historyOf(await read(lf)).digests);
  });

  test("matches ledgers of earlier versions and of drizzle-orm, and an edit does not", async () => {
    const migrations = await read(text);
    const problemsWith = (checksum: string) => {
      const state = { kind: "ledger", entries: [{ tag: "0000_t", checksum }] } as const;
      return planTarget(target, historyOf(migrations), state, { allowOutOfOrder: false }).problems;
    };
    for (const applied of [lf, crlf(lf), text]) {
      const hash = checksumOf(applied);
      expect(problemsWith(hash)).toEqual([]);
      const rows = [{ hash, name: undefined, createdAt: undefined }];
      const { entries, problems } = matchRows(historyOf(migrations), new Map(), rows);
      expect({ entries, problems }).toEqual({
        entries: [{ tag: "0000_t", checksum: checksumOf(lf) }],
        problems: [],
      });
    }
    expect(problemsWith(checksumOf(`${text} `))).toMatchObject([{ kind: "edited" }]);
  });

  test("has a down with LF", async () => {
    const [migration] = await read(lf, { "out/0000_t.down.sql": text });
    expect(migration && (await readDown(migration))).toMatchObject({ text: lf });
  });
});

test("a text that was recorded with CRLF runs with CRLF from every checkout", async () => {
  const recorded = { "out/checksums.json": JSON.stringify({ "0000_t": checksumOf(crlf(lf)) }) };
  const expected = [{ text: crlf(lf), checksum: checksumOf(crlf(lf)) }];
  for (const text of Object.values(texts))
    expect(await read(text, recorded)).toMatchObject(expected);
});

test("a folder that drizzle-kit converted is found by checksums of files with CRLF", async () => {
  const migrations = await read(lf);
  const state = {
    kind: "ledger",
    entries: [{ tag: "0000_before", checksum: checksumOf(crlf(lf)) }],
  } as const;
  const rules = { allowOutOfOrder: false };
  expect(planTarget(target, historyOf(migrations), state, rules)).toMatchObject({
    pending: 0,
    problems: [],
  });
});
