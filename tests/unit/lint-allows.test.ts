import { beforeAll, expect, test } from "vitest";
import { readAllows } from "../../src/lint/allow.ts";
import { loadParser } from "../../src/sql/parser.ts";
import { readStatements } from "../../src/sql/read-statements.ts";

beforeAll(loadParser);

/** The allows of a file: the line of the comment, the rule, the reason, and the line of the statement. */
function allowsIn(text: string) {
  const { statements } = readStatements("a.sql", text, { sharedSchemas: [] }, []);
  return readAllows(text, statements).map(({ line, rule, reason, statement }) => [
    ...[line, rule, reason, statement?.line],
  ]);
}

test("a comment on lines of its own is about the next statement", () => {
  const text = `-- drizzle-fleet: allow rewrite because small
--drizzle-fleet:allow scan-while-locked because: it is also small

ALTER TABLE a ADD b int;
--> statement-breakpoint
-- another comment
ALTER TABLE a ADD c int;--> statement-breakpoint
  -- drizzle-fleet: allow no-where because this is the third
ALTER TABLE a ADD d int;`;
  expect(allowsIn(text)).toEqual([
    [1, "rewrite", "small", 4],
    [2, "scan-while-locked", "it is also small", 4],
    [8, "no-where", "this is the third", 9],
  ]);
});

test("a comment after a statement on its line, or inside of it, is about that statement", () => {
  const text = `ALTER TABLE a ADD b int; ALTER TABLE a ADD c int; -- drizzle-fleet: allow one because x --> statement-breakpoint
ALTER TABLE a
  -- drizzle-fleet: allow two because y
  ADD d int; -- drizzle-fleet: allow three because z
ALTER TABLE "é" ADD e int -- drizzle-fleet: allow four because the name has two bytes
`;
  expect(allowsIn(text)).toEqual([
    [1, "one", "x", 1],
    [3, "two", "y", 2],
    [4, "three", "z", 2],
    [5, "four", "the name has two bytes", 5],
  ]);
});

test("of equal statements, a comment is about the one that follows it", () => {
  const text = `UPDATE a SET b = 1;\n-- drizzle-fleet: allow no-where because twice\nUPDATE a SET b = 1;`;
  expect(allowsIn(text)).toEqual([[2, "no-where", "twice", 3]]);
});

test("reasons and rules can be missing, and a comment can be about no statement", () => {
  const text = `-- drizzle-fleet: allow
-- drizzle-fleet: allow because I say so
-- drizzle-fleet: allow rewrite
-- drizzle-fleet: allow rewrite because
-- drizzle-fleet: allow rewrite, it is fine
SELECT 1;
-- drizzle-fleet: allow rewrite because late`;
  expect(allowsIn(text)).toEqual([
    [1, "", undefined, 6],
    [2, "", undefined, 6],
    [3, "rewrite", undefined, 6],
    [4, "rewrite", undefined, 6],
    [5, "rewrite,", undefined, 6],
    [7, "rewrite", "late", undefined],
  ]);
});

test("text in literals and bodies is not a comment", () => {
  const text = `INSERT INTO a VALUES ('
-- drizzle-fleet: allow one because x
');
DO $$
-- drizzle-fleet: allow two because y
BEGIN NULL; END $$;
/* -- drizzle-fleet: allow three because z */ SELECT 1;`;
  expect(allowsIn(text)).toEqual([]);
});

test("a byte order mark does not move the places", () => {
  expect(allowsIn("\uFEFFSELECT 1; -- drizzle-fleet: allow one because x\nSELECT 2;")).toEqual([
    [1, "one", "x", 1],
  ]);
});
