import { expect, test } from "vitest";
import type { RuleExample } from "../../src/lint/rule.ts";
import { rules } from "../../src/lint/rules/index.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { findingsIn, migrationOf, traced } from "../support/lint.ts";

/** The findings in an example's SQL. */
async function found(
  { url }: TestDatabase,
  { before = "", sql, server }: RuleExample,
  schema: string,
) {
  const sharedSchemas = server?.includes("SCHEMA") ? ["shared"] : [];
  const history = [migrationOf("0000_before", before), migrationOf("0001_example", sql)];
  return traced(url, history, {
    ...{ schema, allowance: { sharedSchemas } },
    isTraced: ({ tag }) => tag === "0001_example",
  });
}

test.each(rules.map((rule) => [rule.id, rule] as const))(
  "the rule %s finds its bad examples, and accepts its good ones",
  async (id, { bad, good }) => {
    const shared = await createDatabase();
    for (const [index, example] of [...bad, ...good].entries()) {
      // What an example needs on the server must not be there for the others.
      const database = example.server === undefined ? shared : await createDatabase();
      if (example.server !== undefined) await database.query(example.server);
      const findings = findingsIn(await found(database, example, `tenant_${index}`));
      const isFound = findings.some(({ rule }) => rule === id);
      expect({ sql: example.sql, isFound }).toEqual({
        sql: example.sql,
        isFound: index < bad.length,
      });
    }
  },
);

/** Rules that are about the time that a statement takes, so that they depend on sizes. */
const sized = ["rewrite", "enum-recreate", "scan-while-locked", "validate-in-same-transaction"];
sized.push("blocking-index", "blocking-constraint", "long-after-exclusive", "bulk-dml");

test("rules about time are informative for tables that are small in every tenant, and errors stay for big ones", async () => {
  const database = await createDatabase();
  for (const rule of rules.filter(({ id }) => sized.includes(id))) {
    const [example] = rule.bad;
    const migrations = await found(database, example, rule.id.replaceAll("-", "_"));
    const severities = (bytes: number) =>
      findingsIn(migrations, { sizeOf: () => bytes, smallBytes: 1_000 })
        .filter((one) => one.rule === rule.id)
        .map(({ severity }) => severity);
    expect([rule.id, severities(999)]).toEqual([rule.id, ["info"]]);
    const big = rule.id === "scan-while-locked" ? "error" : rule.severity;
    expect([rule.id, severities(1_001)]).toEqual([rule.id, [big]]);
  }
});
