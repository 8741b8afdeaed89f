import { beforeAll, describe, expect, test } from "vitest";
import type { FleetError } from "../../src/core/errors.ts";
import type { RolloutEvent } from "../../src/core/events.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import { fill } from "../../src/core/template.ts";
import { digestOf } from "../../src/ledger/digest.ts";
import { checksumWithPosition, readPosition } from "../../src/ledger/position.ts";
import { migrateText } from "../../src/report/migrate.ts";
import { showProgress } from "../../src/report/progress.ts";
import { batchRange } from "../../src/rollout/batch-key.ts";
import { BatchReporter } from "../../src/rollout/batch-reporter.ts";
import { loadParser, parse } from "../../src/sql/parser.ts";
import { readStatements } from "../../src/sql/read-statements.ts";
import { segmentsOf } from "../../src/sql/segments.ts";
import { ManualClock } from "../support/manual-clock.ts";

beforeAll(loadParser);

function read(text: string, problems: FleetError[] = []) {
  return readStatements("f.sql", text, { sharedSchemas: ["other"] }, problems).statements;
}

/** The statement of a batch, for the tenant schema `app`. */
function batch(text: string, after?: readonly string[], end?: readonly string[]): string {
  const problems: FleetError[] = [];
  const work = read(text, problems).at(-1)?.batch;
  expect(problems).toEqual([]);
  if (work === undefined) throw new Error("it has no batches");
  const sql = `${fill(work.head, '"app"')}${batchRange(work, after, end)}`;
  expect(parse(sql)).toHaveLength(1);
  return sql;
}

const mark = "-- drizzle-fleet: batch 5000 by id\n";

describe("the statement of a batch", () => {
  test.each([
    ["UPDATE t SET n = 1", 'UPDATE t SET n = 1\nWHERE "t"."id" > \'5\' AND "t"."id" <= \'9\''],
    [
      "UPDATE t SET n = 1 WHERE a OR b",
      'UPDATE t SET n = 1 WHERE ( a OR b\n) AND "t"."id" > \'5\' AND "t"."id" <= \'9\'',
    ],
    [
      'UPDATE ONLY "public"."T t" AS x SET n = 1 WHERE a -- why',
      'UPDATE ONLY "app"."T t" AS x SET n = 1 WHERE ( a -- why\n) AND "x"."id" > \'5\' AND "x"."id" <= \'9\'',
    ],
    [
      "UPDATE t SET (a, b) = (SELECT c, d FROM o WHERE o.id = t.id) FROM p WHERE p.x[(1)] = t.id AND EXISTS (SELECT FROM q WHERE q.id = 1)",
      'UPDATE t SET (a, b) = (SELECT c, d FROM o WHERE o.id = t.id) FROM p WHERE ( p.x[(1)] = t.id AND EXISTS (SELECT FROM q WHERE q.id = 1)\n) AND "t"."id" > \'5\' AND "t"."id" <= \'9\'',
    ],
    [
      `DELETE FROM t USING "where" w where w.id = t.id and t.note = 'where (' /* ( where */`,
      `DELETE FROM t USING "where" w where ( w.id = t.id and t.note = 'where (' /* ( where */\n) AND "t"."id" > '5' AND "t"."id" <= '9'`,
    ],
    ["DELETE FROM t -- all", 'DELETE FROM t -- all\nWHERE "t"."id" > \'5\' AND "t"."id" <= \'9\''],
    [
      'UPDATE t SET n = count_it("é") FILTER (WHERE x) WHERE (a AND b) AND NOT c;',
      'UPDATE t SET n = count_it("é") FILTER (WHERE x) WHERE ( (a AND b) AND NOT c\n) AND "t"."id" > \'5\' AND "t"."id" <= \'9\'',
    ],
  ])("has one more condition: %s", (text, expected) => {
    expect(batch(mark + text, ["5"], ["9"])).toBe(expected);
  });

  test("has no beginning in the first batch, and no end in the last one", () => {
    const text = `${mark}DELETE FROM t`;
    expect(batch(text)).toBe("DELETE FROM t\nWHERE true");
    expect(batch(text, undefined, ["9"])).toBe(`DELETE FROM t\nWHERE "t"."id" <= '9'`);
    expect(batch(text, ["it's \\"])).toBe(`DELETE FROM t\nWHERE "t"."id" >  E'it''s \\\\'`);
  });

  test.each([
    ["by a, b", '("t"."a", "t"."b")'],
    ['by (A, "B ""b")', '("t"."a", "t"."B ""b")'],
  ])("compares all columns of the key: %s", (by, columns) => {
    const text = `  --drizzle-fleet: batch 1 ${by}\n\n/* between */ UPDATE t SET n = 1;`;
    expect(batch(text, ["1", "x"], ["2", "y"])).toBe(
      `UPDATE t SET n = 1\nWHERE ${columns} > ('1', 'x') AND ${columns} <= ('2', 'y')`,
    );
  });
});

test("a statement in batches is a segment of its own", () => {
  const update = "UPDATE t SET n = 1;\n";
  const statements = read(`${update}${mark}${update}${update}${update}${mark}${update}`);
  const lengths = segmentsOf(statements).map(({ start, statements: own }) => [start, own.length]);
  expect(lengths).toEqual([
    [0, 1],
    [1, 1],
    [2, 2],
    [4, 1],
  ]);
  expect(statements.map(({ batch }) => batch?.size)).toEqual([
    undefined,
    5000,
    undefined,
    undefined,
    5000,
  ]);
});

describe("a mark for batches is refused", () => {
  test.each([
    ["-- drizzle-fleet: batch by id\nDELETE FROM t", "this mark is not valid"],
    ["-- drizzle-fleet: batch 5000\nDELETE FROM t", "this mark is not valid"],
    ["-- drizzle-fleet: batch 0 by id\nDELETE FROM t", "this mark is not valid"],
    ["-- drizzle-fleet: batch 2000000 by id\nDELETE FROM t", "this mark is not valid"],
    ["-- drizzle-fleet: batch 10 by id id\nDELETE FROM t", "this mark is not valid"],
    ["-- drizzle-fleet: batch 10 by id, ID\nDELETE FROM t", "this mark is not valid"],
    [`DELETE FROM t;\n${mark}`, "no statement follows this mark"],
    [`${mark}${mark}DELETE FROM t`, "the statement has two of these marks"],
    [`DELETE FROM t\n${mark}WHERE a`, "this mark is inside a statement"],
    [`${mark}INSERT INTO t SELECT 1`, "only an UPDATE or a DELETE can run in batches"],
    [`${mark}BEGIN;\nDELETE FROM t;\nCOMMIT;`, "only an UPDATE or a DELETE can run in batches"],
    [`${mark}WITH x AS (SELECT 1) DELETE FROM t`, "a statement with WITH cannot run in batches"],
    [`${mark}DELETE FROM t RETURNING id`, "a statement with RETURNING cannot run in batches"],
    [
      `${mark}DELETE FROM t WHERE CURRENT OF c`,
      "a statement with CURRENT OF cannot run in batches",
    ],
    [`${mark}UPDATE t SET n = 1, "id" = 2`, `the statement changes "id", a column of the key`],
    [`${mark}UPDATE t SET (n, id) = (1, 2)`, `the statement changes "id", a column of the key`],
    [`${mark}DELETE FROM other.t`, "only a table of the tenant schema can be changed in batches"],
  ])("%s", (text, message) => {
    const problems: FleetError[] = [];
    read(text, problems);
    const found = problems.find((problem) => problem.message.startsWith(message));
    expect(found, problems.map(String).join()).toBeDefined();
    expect(found?.where).toMatch(/^f\.sql:\d+:\d+$/);
    expect(found?.excerpt).toContain("-- drizzle-fleet: batch");
    expect(found?.remedy).toBeTruthy();
  });
});

test.each([
  `DO $$ BEGIN\n${mark}END $$`,
  `UPDATE t SET note = '\n${mark}'`,
  `/*\n${mark}*/ DELETE FROM t`,
])("the text of a mark has no meaning in a literal, a body or a comment: %s", (text) => {
  const problems: FleetError[] = [];
  const statements = read(text, problems);
  expect([problems.map(String), statements.map(({ batch }) => batch)]).toEqual([[], [undefined]]);
});

describe("the position in a ledger", () => {
  const checksum = "f".repeat(64);
  const position = { by: ["a", "b"], after: ['"\\', "é"], batches: 2, rows: 10 };

  test("is read as it was written, and is part of the ledger's digest", () => {
    const text = checksumWithPosition(checksum, position);
    expect(readPosition(text)).toEqual({ appliedChecksum: checksum, batch: position });
    expect(readPosition(checksum)).toEqual({ appliedChecksum: checksum });
    const digest = (applied: string) =>
      digestOf([
        {
          ...{ tag: "0001", checksum },
          partial: { applied: 1, begun: true, ...readPosition(applied) },
        },
      ]);
    const texts = [text, checksumWithPosition(checksum, { ...position, rows: 11 }), checksum];
    expect(new Set(texts.map(digest))).toHaveLength(3);
  });

  test.each([" {", " {}", ' {"by":["a"],"after":[],"batches":1,"rows":1}', "x"])(
    "that is damaged makes the migration look edited: %s",
    (rest) => {
      expect(readPosition(checksum + rest)).toEqual({ appliedChecksum: checksum + rest });
    },
  );
});

const target = { database: "main", service: "app", tenant: "acme", schema: "app_acme" };

describe("the progress of batches", () => {
  test("is reported at most every two seconds", async () => {
    const clock = new ManualClock();
    const events: RolloutEvent[] = [];
    const reporter = new BatchReporter({
      ...{ target, tag: "0001_fill", clock, observe: (event) => events.push(event) },
      ...{ onStep: () => undefined, onWait: () => undefined },
    });
    reporter.estimated(1_000);
    for (let batches = 1; batches <= 45; batches += 1) {
      await clock.advance(100);
      reporter.committed({ by: ["id"], after: ["x"], batches, rows: batches * 30 });
    }
    const common = { type: "batchCommitted", target, tag: "0001_fill" };
    expect(events).toEqual([
      { ...common, batches: 20, rows: 600, ofAbout: 1_000 },
      // The estimate was too low.
      { ...common, batches: 40, rows: 1_200, ofAbout: 1_200 },
    ]);
  });

  test("is on the bar for the target that is furthest from its end", () => {
    const written: string[] = [];
    const stream = { isTTY: true, columns: 140, write: (text: string) => written.push(text) };
    const observe = showProgress(stream);
    const progress = (tenant: string, rows: number): RolloutEvent => ({
      ...{ type: "batchCommitted", target: { ...target, tenant }, tag: "0001_fill", batches: 3 },
      ...{ rows, ofAbout: 200_000 },
    });
    observe({ type: "rolloutStarted", id: "1", waves: 1, targets: 2, steps: 2 });
    observe(progress("acme", 175_000));
    observe(progress("beta", 5_000));
    // An event that is shown at once.
    observe({ type: "concurrencyLowered", database: "main", to: 1, reason: "full" });
    expect(written.at(-1)).toContain("app/beta: 0001_fill, 5,000 of about 200,000 rows");
    observe({
      type: "stepApplied",
      target: { ...target, tenant: "beta" },
      tag: "0001_fill",
      durationMs: 1,
    });
    observe({ type: "concurrencyLowered", database: "main", to: 1, reason: "full" });
    expect(written.at(-1)).toContain("app/acme: 0001_fill, 175,000 of about 200,000 rows");
    observe({ type: "rolloutEnded", outcomes: 2, durationMs: 1 });
  });

  test("is in the report of an interrupted rollout", () => {
    const outcome: Outcome = {
      ...{ target, status: "notExecuted", applied: [], durationMs: 5 },
      batches: { tag: "0001_fill", batches: 3, rows: 15_000 },
    };
    const stopped = { kind: "interrupted", message: "it was interrupted" } as const;
    expect(migrateText({ outcomes: [outcome], stopped })).toContain(
      "0001_fill is partly applied to 1 target (15000 rows so far); the next run continues there.",
    );
  });
});
