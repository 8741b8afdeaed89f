import { expect, test } from "vitest";
import type { LedgerEntry } from "../../src/core/ledger.ts";
import { digestOf } from "../../src/ledger/digest.ts";
import { checksumWithPosition } from "../../src/ledger/position.ts";
import { readLedgers } from "../../src/ledger/read-ledgers.ts";
import { createLedger, recordProgress } from "../../src/ledger/table.ts";
import { withSession } from "../../src/postgres/session.ts";
import { createDatabase } from "../support/database.ts";

const row = (tag: string, applied = 3) => ({
  tag,
  checksum: `c-${tag}`,
  statements: 3,
  applied,
  appliedChecksum: "p",
  begun: false,
  by: "test",
});
const entry = (tag: string): LedgerEntry => ({ tag, checksum: `c-${tag}` });

const sha256 = "0".repeat(64);
const batch = { by: ["é", '"'], after: ["\\ 日本", "'"], batches: 2, rows: 20 };

test("the database and the program compute the same digest for any tags", async () => {
  const database = await createDatabase();
  const tags = ["0001_b", "0000_a", "0001_B", "0001-b", "ä", "日本", "z z", "0001_b_", "😀", "～"];
  await database.query(
    `CREATE SCHEMA s; ${createLedger("s")}; ${tags.map((tag) => recordProgress("s", row(tag))).join(";")}; ${recordProgress("s", row("part", 1))};
     ${recordProgress("s", { ...row("begun", 1), begun: true })};
     ${recordProgress("s", { ...row("batch", 1), begun: true, appliedChecksum: checksumWithPosition(sha256, batch) })}`,
  );
  const entries = [
    ...tags.map(entry),
    { ...entry("part"), partial: { applied: 1, appliedChecksum: "p", begun: false } },
    { ...entry("begun"), partial: { applied: 1, appliedChecksum: "p", begun: true } },
    { ...entry("batch"), partial: { applied: 1, appliedChecksum: sha256, begun: true, batch } },
  ];
  const marker = [entry("found by digest")];
  const states = await withSession({ name: "main", url: database.url }, { waitMs: 0 }, (session) =>
    readLedgers(session, ["s"], new Map([[digestOf(entries), marker]])),
  );
  expect(states.get("s")).toEqual({ kind: "ledger", entries: marker });
});

test("many schemas in any state are read in a few queries", async () => {
  const database = await createDatabase();
  const schemas = Array.from({ length: 450 }, (_, index) => `t${index}`);
  for (const [index, schema] of schemas.entries()) {
    if (index % 3 !== 0) await database.query(`CREATE SCHEMA ${schema}`);
    if (index % 3 === 2)
      await database.query(
        `${createLedger(schema)}; ${recordProgress(schema, row(index % 2 === 0 ? "even" : "odd"))}`,
      );
  }
  await database.query(`CREATE TABLE t4.theirs (id int); CREATE VIEW t4.seen AS SELECT 1`);
  const states = await withSession(
    { name: "main", url: database.url },
    { waitMs: 0 },
    (session) => {
      const queries: string[] = [];
      const counting = {
        query: (...args: Parameters<typeof session.query>) => {
          queries.push(args[0]);
          return session.query(...args);
        },
        script: (sql: string) => session.script(sql),
      };
      return readLedgers(
        counting as unknown as typeof session,
        schemas,
        new Map([[digestOf([entry("even")]), [entry("even")]]]),
      ).then((read) => {
        expect(queries.length).toBeLessThanOrEqual(4);
        // Equal ledgers are read row by row only once.
        const rows = queries.filter((sql) => sql.includes("appliedChecksum")).join();
        expect(rows.match(/AS index/g)).toHaveLength(1);
        return read;
      });
    },
  );
  expect(states.get("t0")).toEqual({ kind: "noSchema" });
  expect(states.get("t1")).toEqual({ kind: "noLedger", relations: 0 });
  expect(states.get("t4")).toEqual({ kind: "noLedger", relations: 2 });
  expect(states.get("t2")).toEqual({ kind: "ledger", entries: [entry("even")] });
  expect(states.get("t5")).toEqual({ kind: "ledger", entries: [entry("odd")] });
});

test("a ledger that another runner fills while it is read does not count as emptied", async () => {
  const database = await createDatabase();
  await database.query(`CREATE SCHEMA s; ${createLedger("s")}`);
  let filled = false;
  const states = await withSession(
    { name: "main", url: database.url },
    { waitMs: 0 },
    (session) => {
      // The tables are counted after the ledgers were read.
      const disturbed = {
        query: async (...args: Parameters<typeof session.query>) => {
          if (!filled && args[0].includes("count(*)")) {
            filled = true;
            await database.query(
              `CREATE TABLE s.t (id int); ${recordProgress("s", row("0000_a"))}`,
            );
          }
          return session.query(...args);
        },
        script: (sql: string) => session.script(sql),
      };
      return readLedgers(disturbed as unknown as typeof session, ["s"], new Map());
    },
  );
  expect(filled).toBe(true);
  expect(states.get("s")).toEqual({ kind: "ledger", entries: [] });
});
