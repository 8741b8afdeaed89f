import { changesManyRows } from "../rows.ts";
import { type LintedStatement, nameOf, type Rule, unlessSmall } from "../rule.ts";
import type { TracedRelation } from "../trace.ts";

export const longAfterExclusive: Rule = {
  id: "long-after-exclusive",
  severity: "warning",
  summary: "a long statement follows an ACCESS EXCLUSIVE lock in the same transaction",
  why: "A lock is held until the transaction commits. An ALTER TABLE that takes an instant becomes an outage of its table if a scan, a rewrite or a change of many rows follows in the same migration: nothing can read the table until that is done.",
  bad: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);
CREATE TABLE "orders" ("id" integer PRIMARY KEY, "total" integer);`,
      sql: `ALTER TABLE "users" ADD COLUMN "name" text;
CREATE INDEX "orders_total" ON "orders" ("total");`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);`,
      sql: `ALTER TABLE "users" ADD COLUMN "name" text;
UPDATE "users" SET "name" = 'user ' || "id" WHERE "name" IS NULL;`,
    },
  ],
  good: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);
CREATE TABLE "orders" ("id" integer PRIMARY KEY, "total" integer);`,
      sql: `CREATE INDEX "orders_total" ON "orders" ("total");
ALTER TABLE "users" ADD COLUMN "name" text;`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);`,
      sql: `ALTER TABLE "users" ADD COLUMN "name" text;
CREATE TABLE "orders" ("id" integer PRIMARY KEY, "total" integer);
CREATE INDEX "orders_total" ON "orders" ("total");`,
    },
  ],
  find(statement, context) {
    const [held] = newlyProlonged(statement);
    if (held === undefined) return [];
    const long = longWork(statement);
    return [
      {
        message: `${nameOf(held)} stays locked against reads and writes while this statement works on ${long.map(nameOf).join(", ")}`,
        remedy:
          "Move this statement into a migration of its own, before or after this one, or to the top of the file, or commit before it: write COMMIT; on a line above it.",
        ...unlessSmall(long, context),
      },
    ];
  },
};

/** The tables whose lock this statement is the first to prolong: the same is true for later ones. */
function newlyProlonged(statement: LintedStatement): TracedRelation[] {
  const held = new Map<string, TracedRelation>();
  const reported = new Set<string>();
  let found: TracedRelation[] = [];
  for (const one of [...statement.earlier, statement]) {
    const own = exclusive(one.effects.locks);
    const names = own.map(nameOf);
    const isLong = longWork(one).length > 0;
    found = isLong
      ? [...held.values()].filter(
          (table) => !names.includes(nameOf(table)) && !reported.has(nameOf(table)),
        )
      : [];
    for (const table of found) reported.add(nameOf(table));
    for (const table of own) held.set(nameOf(table), table);
  }
  return found;
}

/** The tables whose size decides how long a statement takes. */
function longWork(statement: LintedStatement): readonly TracedRelation[] {
  const { effects, kind } = statement;
  const changed = changesManyRows(statement);
  const worked = /^(Select|Insert|Update|Delete|Merge|Truncate)Stmt$/.test(kind)
    ? []
    : [...effects.rewritten, ...effects.scanned].filter((one) => "rpm".includes(one.kind));
  return [...new Map([...changed, ...worked].map((one) => [nameOf(one), one])).values()];
}

function exclusive(locks: LintedStatement["effects"]["locks"]) {
  return locks.filter(
    ({ mode, kind, schema }) =>
      mode === "AccessExclusiveLock" && "rp".includes(kind) && schema === undefined,
  );
}
