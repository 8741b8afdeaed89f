import { describe, expect, test } from "vitest";
import type { Migration } from "../../src/core/migration.ts";
import { lintMigration } from "../../src/lint/lint.ts";
import type { Rule, RuleExample } from "../../src/lint/rule.ts";
import { rules } from "../../src/lint/rules/index.ts";
import { traceHistory } from "../../src/lint/trace.ts";
import { withSession } from "../../src/postgres/session.ts";
import { loadParser } from "../../src/sql/parser.ts";
import { createDatabase } from "../support/database.ts";

function migrationOf(tag: string, text: string): Migration {
  return { service: "app", tag, file: `${tag}.sql`, checksum: "", text, downFile: "" };
}

/** The ids of the rules that find something in an example's SQL. */
async function found({ before = "", sql }: RuleExample): Promise<string[]> {
  const database = await createDatabase();
  await loadParser();
  const history = [migrationOf("0000_before", before), migrationOf("0001_example", sql)];
  return withSession({ name: "main", url: database.url }, { waitMs: 5_000 }, async (session) => {
    const bench = {
      ...{ session, service: "app", sharedSchemas: [], foreignSchemas: [], by: "test" },
      ...{ allowanceOf: () => ({ sharedSchemas: [] }), extensionSchema: undefined },
      timeouts: { lock: 5_000, statement: 60_000, idleInTransaction: 60_000, concurrently: 60_000 },
    };
    const traced = await traceHistory(
      bench,
      "tenant",
      history,
      ({ tag }) => tag === "0001_example",
    );
    const context = { sizeOf: () => undefined, smallBytes: 0, version: 18 };
    return traced.flatMap((one) => lintMigration(one, rules, context).map(({ rule }) => rule));
  });
}

const named = (examples: readonly RuleExample[], rule: Rule) =>
  examples.map((example) => [example.sql, rule.id, example] as const);

describe("a rule of lint", () => {
  test.each(rules.flatMap((rule) => named(rule.bad, rule)))("finds %s: %s", async (_, id, one) => {
    expect(await found(one)).toContain(id);
  });

  test.each(rules.flatMap((rule) => named(rule.good, rule)))(
    "accepts %s: %s",
    async (_, id, one) => {
      expect(await found(one)).not.toContain(id);
    },
  );
});
