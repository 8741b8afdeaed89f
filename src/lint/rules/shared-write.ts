import { schemasWithChangedRows } from "../../sql/changed-objects.ts";
import { isRepeatable } from "../../sql/repeatable.ts";
import { sharedChanges } from "../../sql/shared-schemas.ts";
import type { Rule } from "../rule.ts";

export const sharedWrite: Rule = {
  id: "shared-write",
  severity: "error",
  summary: "a statement changes what all tenants share, once for each tenant",
  why: "A migration runs in every tenant. A statement that changes a shared table, or writes rows to it, is repeated as often as there are tenants: rows are inserted or changed again, every run locks what all tenants use, and tenants that migrate at the same time wait for each other or fail with “tuple concurrently updated”.",
  bad: [
    {
      server: `CREATE SCHEMA "shared"; CREATE TABLE "shared"."plans" ("id" integer PRIMARY KEY);`,
      sql: `INSERT INTO "shared"."plans" VALUES (1) ON CONFLICT DO NOTHING;`,
    },
    {
      server: `CREATE SCHEMA "shared"; CREATE TABLE "shared"."plans" ("id" integer PRIMARY KEY);`,
      sql: `COMMENT ON TABLE "shared"."plans" IS 'what tenants pay';`,
    },
  ],
  good: [
    {
      server: `CREATE SCHEMA "shared"; CREATE TABLE "shared"."plans" ("id" integer PRIMARY KEY);`,
      sql: `CREATE TABLE "plans" ("id" integer PRIMARY KEY);
INSERT INTO "plans" VALUES (1);`,
    },
    {
      server: `CREATE SCHEMA "shared";`,
      sql: `CREATE TABLE IF NOT EXISTS "shared"."plans" ("id" integer PRIMARY KEY);`,
    },
  ],
  find({ kind, body, source, allowance }) {
    if (allowance.singleSchema !== undefined) return [];
    const tree = { [kind]: body };
    const rows = schemasWithChangedRows(tree, source);
    const changed = sharedChanges(kind, body, source, allowance);
    const [first] = changed;
    const names = [
      ...rows,
      ...changed.map(({ schema, name }) => (name ? `${schema}.${name}` : schema)),
    ];
    // With IF NOT EXISTS, it does nothing from the second tenant on.
    const isHarmless = rows.length === 0 && (first === undefined || body.if_not_exists === true);
    if (names.length === 0 || isHarmless) return [];
    const repeats = rows.length === 0 && isRepeatable(kind, body, tree);
    return [
      {
        message: `the statement changes ${[...new Set(names)].join(", ")}, which all tenants share, once for each tenant`,
        remedy:
          "Move it to a service of its own with singleSchema, whose migrations run once, or to the deployment of the shared schema.",
        ...(repeats ? { severity: "warning" as const } : {}),
      },
    ];
  },
};
