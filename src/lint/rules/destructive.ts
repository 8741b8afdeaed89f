import { stringsOf } from "../../sql/tree.ts";
import { type LintedStatement, nameOf, type Rule } from "../rule.ts";
import { commandsOf, droppedObjects, relationIn, relationOfParts } from "../tree-parts.ts";
import { recreatedEnums } from "./enum-recreate.ts";

export const destructive: Rule = {
  id: "destructive",
  severity: "warning",
  summary: "a table, column, view, type or schema is dropped, or something with CASCADE",
  why: "What is dropped is lost in every tenant: a down can create the table or column again, but not its rows. CASCADE also drops what depends on the object, which may be more in one tenant than in another.",
  bad: [
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "note" text);`,
      sql: `ALTER TABLE "orders" DROP COLUMN "note";`,
    },
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY);`,
      sql: `DROP TABLE "orders" CASCADE;`,
    },
    {
      before: `CREATE TYPE "state" AS ENUM('new', 'old');`,
      sql: `DROP TYPE "state";`,
    },
    {
      before: `CREATE TABLE "orders" ("id" integer CONSTRAINT "orders_key" PRIMARY KEY);`,
      sql: `ALTER TABLE "orders" DROP CONSTRAINT "orders_key" CASCADE;`,
    },
  ],
  good: [
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "note" text NOT NULL);`,
      sql: `ALTER TABLE "orders" ALTER COLUMN "note" DROP NOT NULL;`,
    },
    {
      before: `CREATE TABLE "orders" ("id" integer PRIMARY KEY);
CREATE VIEW "open" AS SELECT "id" FROM "orders";`,
      sql: `DROP VIEW "open";
CREATE VIEW "open" AS SELECT "id" FROM "orders" WHERE "id" > 0;`,
    },
    {
      sql: `CREATE TABLE "scratch" ("id" integer);
DROP TABLE "scratch";`,
    },
  ],
  find(statement) {
    const { kind, body, source, isNew } = statement;
    const table = relationIn(body.relation, source);
    const columns =
      table === undefined || isNew(table)
        ? []
        : commandsOf(kind, body).flatMap(({ subtype, name, cascades }) =>
            subtype === "AT_DropColumn"
              ? found(`the column ${nameOf(table)}.${name}`, cascades)
              : cascades
                ? found(`the constraint ${name} of ${nameOf(table)}`, true)
                : [],
          );
    return [...columns, ...objectsLost(statement)];
  },
};

function found(what: string, cascades: boolean) {
  return [
    {
      message: `${what} is dropped in every tenant${cascades ? ", with everything that depends on it" : ""}`,
      remedy: cascades
        ? "Name what else must go in statements of their own, and leave out CASCADE: PostgreSQL then refuses to drop more."
        : "Stop using it in one release, and drop it in a later one. To keep the data until then, rename it: ALTER TABLE ... RENAME ... TO ...__dropped;",
    },
  ];
}

const words: Readonly<Record<string, string>> = {
  TABLE: "the table",
  VIEW: "the view",
  MATVIEW: "the materialized view",
  FOREIGN_TABLE: "the foreign table",
  TYPE: "the type",
  DOMAIN: "the domain",
  SCHEMA: "the schema",
};

function objectsLost(statement: LintedStatement) {
  const { kind, body, all, source, isNew } = statement;
  const cascades = body.behavior === "DROP_CASCADE";
  const replaced = replacedNames(statement);
  return droppedObjects(kind, body).flatMap(({ type, parts }) => {
    const relation = relationOfParts(parts, source);
    const name = parts.at(-1) ?? "";
    if (relation === undefined || replaced.has(name)) return [];
    if (/TABLE|VIEW/.test(type) && isNew(relation)) return [];
    if (/^(TYPE|DOMAIN)$/.test(type) && (recreatedEnums(all).has(name) || makesType(all, name)))
      return [];
    const what = words[type];
    // Nothing depends on a policy, a trigger or a rule.
    if (what === undefined && (!cascades || /^(POLICY|TRIGGER|RULE)$/.test(type))) return [];
    return found(`${what ?? `the ${type.toLowerCase()}`} ${parts.join(".")}`, cascades);
  });
}

/** The views that the migration creates after this statement. */
function replacedNames(statement: LintedStatement): ReadonlySet<string> {
  const { all, source } = statement;
  const later = all.slice(all.indexOf(statement) + 1);
  return new Set(
    later.flatMap(({ kind, body }) => {
      const into = kind === "CreateTableAsStmt" ? (body.into as { rel?: unknown }).rel : undefined;
      return relationIn(kind === "ViewStmt" ? body.view : into, source)?.name ?? [];
    }),
  );
}

/** True if the migration itself creates this type, or renames one that it creates again. */
function makesType(all: readonly LintedStatement[], name: string): boolean {
  return all.some(
    ({ kind, body }) =>
      (kind === "RenameStmt" && body.renameType === "OBJECT_TYPE" && body.newname === name) ||
      (/^Create(Enum|Domain)Stmt$/.test(kind) &&
        (stringsOf(body.typeName) ?? stringsOf(body.domainname))?.at(-1) === name),
  );
}
