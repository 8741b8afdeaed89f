import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parseFleet } from "../../src/config/schema.ts";
import { withoutCarriageReturns } from "../../src/source/line-ends.ts";
import { loadParser } from "../../src/sql/parser.ts";
import { SourceText } from "../../src/sql/source-text.ts";
import { splitStatements } from "../../src/sql/split.ts";
import { catalogOf, sequencePositions } from "../support/catalog.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { appFleet, contextFor, migrateAll } from "../support/fleet.ts";
import { repository } from "../support/repository.ts";

/** Migrations with dynamic SQL that was reviewed: it names no schema. */
const histories = {
  "chat-platform": ["0035_dynamic_maintenance"],
  "booking-suite": ["0036_watchlist_nested", "0042_lock_and_truncate"],
  "deploy-panel": ["0036_generic_audit"],
};

/**
 * Runs a history unchanged, as drizzle-orm does: a file is a transaction, unless it contains statements that cannot run
 * in one, or manages its own.
 */
async function applyAsWritten(database: TestDatabase, folder: string): Promise<number> {
  const journal = await readFile(join(folder, "meta/_journal.json"), "utf8");
  const { entries } = JSON.parse(journal) as { entries: { tag: string }[] };
  for (const { tag } of entries) {
    // The text runs with LF on every checkout.
    const file = withoutCarriageReturns(await readFile(join(folder, `${tag}.sql`), "utf8"));
    const text = file.replace(/^\uFEFF/, "");
    const statements = splitStatements(new SourceText(tag, text), []).map(
      ({ parsed }) => parsed.text,
    );
    const whole = !statements.some((sql) =>
      /^(BEGIN|COMMIT|START)\b|CONCURRENTLY|ADD VALUE/i.test(sql),
    );
    if (whole) await database.query("BEGIN");
    for (const statement of statements) await database.query(statement);
    // A transaction that a file leaves open, such as by BEGIN after its concurrent indexes, ends with the file.
    await database.query("COMMIT");
  }
  return entries.length;
}

/** The rows of every table by its name, which show the effect of data migrations. */
async function rowCounts(database: TestDatabase, schema: string): Promise<string[]> {
  const tables = await database.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'm') AND c.relname NOT LIKE '\\_\\_fleet%' ORDER BY 1`,
    [`"${schema}"`],
  );
  const counts: string[] = [];
  for (const { name } of tables) {
    const [row] = await database.query(
      `SELECT count(*)::int AS count FROM "${schema}"."${name.replaceAll('"', '""')}"`,
    );
    counts.push(`${name}: ${row?.count}`);
  }
  return counts;
}

/** The intended differences: SECURITY DEFINER functions get a search_path, and nothing is granted to PUBLIC. */
function pinned(line: string): string {
  return line
    .replace("definer=t config={} ", 'definer=t config={"search_path=$, pg_temp,"} ')
    .replaceAll(/,PUBLIC:[A-Z]+/g, "");
}

describe("a history has the same result in a tenant schema as in public", () => {
  beforeAll(loadParser);

  test.each(Object.entries(histories))("%s", async (name, acceptUnproved) => {
    const folder = join(repository, "tests/histories", name);
    const [original, fleet] = [await createDatabase(), await createDatabase()];
    expect(await applyAsWritten(original, folder)).toBeGreaterThanOrEqual(40);
    // One ordinary name, and one that always needs quotes.
    const tenants = ["one", "Zwei-größe"];
    const input = appFleet(fleet.url, tenants, {
      services: {
        app: {
          schema: "./none",
          out: folder,
          database: "main",
          tenantSchema: "app_{tenant}",
          acceptUnproved,
        },
      },
    });
    expect(parseFleet(input).services.app?.acceptUnproved).toEqual(acceptUnproved);
    const { outcomes } = await migrateAll(contextFor(repository, input));
    expect(outcomes.map(({ failure }) => failure)).toEqual([undefined, undefined]);

    const positions = await sequencePositions(original, "public");
    expect(positions.length).toBeGreaterThan(3);
    const expected = (await catalogOf(original, "public")).map(pinned);
    expect(expected.length).toBeGreaterThan(300);
    for (const tenant of tenants) {
      expect(await catalogOf(fleet, `app_${tenant}`)).toEqual(expected);
      expect(await sequencePositions(fleet, `app_${tenant}`)).toEqual(positions);
      expect(await rowCounts(fleet, `app_${tenant}`)).toEqual(await rowCounts(original, "public"));
    }
    expect(await catalogOf(fleet, "public")).toEqual([]);
    const crossing = await fleet.query(
      `SELECT pg_describe_object(d.classid, d.objid, d.objsubid) AS object, pg_describe_object(d.refclassid, d.refobjid, 0) AS on
       FROM pg_depend d WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = 'public'::regnamespace`,
    );
    expect(crossing).toEqual([]);
  });
});
