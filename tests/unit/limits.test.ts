import { beforeAll, describe, expect, test } from "vitest";
import type { FleetError } from "../../src/core/errors.ts";
import { loadParser, parse, parsePlpgsql, scan } from "../../src/sql/parser.ts";
import { readStatements } from "../../src/sql/read-statements.ts";
import { SourceText } from "../../src/sql/source-text.ts";

beforeAll(loadParser);

/** The problems of a file, and the number of statements that were read. */
async function read(text: string) {
  await loadParser();
  const problems: FleetError[] = [];
  const { statements } = readStatements("f.sql", text, { sharedSchemas: [] }, problems);
  return { statements: statements.length, problems };
}

const repeated = (text: string, times: number, more = "") => text.repeat(times) + more;

/** Kinds of nesting, by the number of levels. */
const deep: Readonly<Record<string, (levels: number) => string>> = {
  "operators in a row": (n) => `SELECT ${repeated("1+", n, "1")}`,
  "strings that are joined": (n) => `SELECT ${repeated("'a' || ", n, "'b'")}`,
  parentheses: (n) => `SELECT ${repeated("(", n)}1${repeated(")", n)}`,
  negations: (n) => `SELECT ${repeated("NOT ", n, "true")}`,
  functions: (n) => `SELECT ${repeated("f(", n)}1${repeated(")", n)}`,
  arrays: (n) => `SELECT ${repeated("ARRAY[", n)}1${repeated("]", n)}`,
  cases: (n) => `SELECT ${repeated("CASE WHEN true THEN 1 ELSE ", n)}1${repeated(" END", n)}`,
  casts: (n) => `SELECT 1${repeated("::int", n)}`,
  subqueries: (n) => `SELECT * FROM ${repeated("(SELECT * FROM ", n)}t${repeated(") x", n)}`,
  joins: (n) => `SELECT * FROM t${repeated(" JOIN t USING (a)", n)}`,
  unions: (n) => `SELECT 1${repeated(" UNION ALL SELECT 1", n)}`,
  "an expression in a body": (n) => `DO $$BEGIN PERFORM ${repeated("1+", n)}1; END$$`,
  "blocks in a body": (n) => `DO $$${repeated("BEGIN ", n)}NULL;${repeated("END;", n)}$$`,
  "conditions in a body": (n) =>
    `DO $$BEGIN ${repeated("IF true THEN ", n)}NULL;${repeated("END IF;", n)}END$$`,
};

describe("nesting", () => {
  test.each(Object.keys(deep))(
    "%s: realistic nesting is read, and extreme nesting is refused with file and line",
    async (kind) => {
      const make = deep[kind] ?? String;
      expect(await read(`SELECT 1;\n${make(200)};`)).toEqual({ statements: 2, problems: [] });
      for (const levels of [3_000, 20_000, 100_000]) {
        const { statements, problems } = await read(
          `SELECT 1;\n--> statement-breakpoint\n\n  ${make(levels)}`,
        );
        const outcome = problems.map(({ code, where, remedy }) => ({
          code,
          line: /^f\.sql:(\d+):\d+$/.exec(where ?? "")?.[1],
          remedy: remedy !== undefined,
        }));
        // The grammar turns some of them into flat lists, which are read.
        if (outcome.length === 0) expect({ kind, statements }).toEqual({ kind, statements: 2 });
        else
          expect(outcome).toEqual([
            { code: expect.stringMatching(/syntax|isolation/), line: "4", remedy: true },
          ]);
      }
    },
  );

  test("fifty thousand alternatives do not count as nesting", async () => {
    const terms = Array.from({ length: 50_000 }, (_, index) => `a = ${index}`).join(" OR ");
    expect(await read(`SELECT 1 FROM t WHERE ${terms}`)).toEqual({ statements: 1, problems: [] });
  });

  test("an exhausted parser is not used again, and gives the same results after it is loaded again", async () => {
    const good = "CREATE TABLE t (id int PRIMARY KEY, CHECK (id > 1 AND (id < 5 OR id IS NULL)))";
    const before = JSON.stringify(parse(good));
    for (let round = 0; round < 40; round += 1) {
      await loadParser();
      expect(() => parse(deep["operators in a row"]?.(50_000) ?? "")).toThrow("nested too deeply");
      expect(() => parse(good)).toThrow("an earlier file exhausted the parser");
      expect(() => scan("SELECT $1 -- x")).toThrow("an earlier file exhausted the parser");
      expect(() => parsePlpgsql("DO $$BEGIN END$$")).toThrow(
        "an earlier file exhausted the parser",
      );
      await loadParser();
      expect(JSON.stringify(parse(good))).toBe(before);
    }
  });
});

test("a file that was not checked because of another one is not the file to split", async () => {
  await loadParser();
  expect(() => parse(deep["operators in a row"]?.(50_000) ?? "")).toThrow("nested too deeply");
  const problems: FleetError[] = [];
  readStatements("next.sql", "SELECT 1;", { sharedSchemas: [] }, problems);
  expect(problems).toMatchObject([
    {
      message: "not checked: an earlier file exhausted the parser",
      remedy: expect.stringContaining("Correct the file that is too large or too deeply nested"),
    },
  ]);
  await loadParser();
});

describe("size", () => {
  test("a literal of 20 MB is read, with or without quotes in it", async () => {
    const long = "x".repeat(20e6);
    const quotes = "''".repeat(5e6);
    for (const value of [long, quotes])
      expect(await read(`INSERT INTO public.t VALUES ('${value}')`)).toMatchObject({
        statements: 1,
        problems: [],
      });
  });

  test.each([
    ["characters", `SELECT 1;\n--> statement-breakpoint\nSELECT '${"x".repeat(70e6)}'`],
    ["tokens", `SELECT 1;\n--> statement-breakpoint\nSELECT ${"1,".repeat(1.5e6)}1`],
  ])("too many %s are refused with file and line, before they are parsed", async (_, text) => {
    const { statements, problems } = await read(text);
    expect({ statements, count: problems.length }).toEqual({ statements: 0, count: 1 });
    expect(problems[0]).toMatchObject({
      code: "syntax",
      where: "f.sql:3:1",
      message: expect.stringMatching(/too large to parse/),
      remedy: expect.stringContaining("Split the SQL into several statements"),
    });
    expect(problems[0]?.excerpt?.length).toBeLessThan(200);
  });
});

describe("an excerpt", () => {
  /** The excerpt with the caret at a character of a text. */
  const excerpt = (line: string, at: number) =>
    new SourceText("f", line).spot(Buffer.byteLength(line.slice(0, at))).excerpt;

  test.each([
    ["a line of 10 MB", `${"x".repeat(5e6)} oops ${"y".repeat(5e6)}`, 5e6 + 1],
    ["wide characters", `${"日本".repeat(500)}oops${"語".repeat(500)}`, 1_000],
    ["emoji", `${"😀".repeat(500)}oops${"😀".repeat(500)}`, 1_000],
    ["control characters", `${"a\u001b[2J".repeat(100)}oops${"\u202e".repeat(100)}`, 500],
    ["its end", `${"x".repeat(1_000)}oops`, 1_000],
    ["its beginning", `oops${"x".repeat(1_000)}`, 0],
  ])("is a window around the caret: %s", async (_, line, at) => {
    const { widthOf } = await import("../../src/core/width.ts");
    const [source = "", caret = ""] = excerpt(line, at).split("\n");
    expect(widthOf(source)).toBeLessThanOrEqual(80);
    expect(source).not.toMatch(/\p{C}/u);
    expect(widthOf(source.slice(0, source.indexOf("oops")))).toBe(caret.length - 1);
  });

  test("keeps a short line complete, with its tabs, and puts the caret under wide characters", () => {
    expect(excerpt("\t日本 oops", 4)).toBe("\t日本 oops\n\t     ^");
    expect(excerpt("a\u001b oops", 3)).toBe("a\\u001b oops\n        ^");
  });
});
