import { stringsOf } from "../../sql/tree.ts";
import { type LintedStatement, type Rule, unlessSmall } from "../rule.ts";
import { commandsOf, droppedObjects, relationIn, typeNameOf } from "../tree-parts.ts";

export const enumRecreate: Rule = {
  id: "enum-recreate",
  severity: "error",
  summary: "an enum is dropped and created again, which writes the tables that use it anew twice",
  why: "PostgreSQL cannot remove a value from an enum. drizzle-kit therefore changes each column of the enum to text, drops the enum, creates it again and changes the columns back. Each of the two changes writes the whole table and its indexes anew under an ACCESS EXCLUSIVE lock, and the second one fails in every tenant with a row that has the removed value.",
  bad: [
    {
      before: `CREATE TYPE "state" AS ENUM('new', 'old', 'sent');
CREATE TABLE "orders" ("id" integer PRIMARY KEY, "state" "state");`,
      sql: `ALTER TABLE "orders" ALTER COLUMN "state" SET DATA TYPE text;
DROP TYPE "state";
CREATE TYPE "state" AS ENUM('new', 'sent');
ALTER TABLE "orders" ALTER COLUMN "state" SET DATA TYPE "state" USING "state"::"state";`,
    },
  ],
  good: [
    {
      before: `CREATE TYPE "state" AS ENUM('new', 'old', 'sent');
CREATE TABLE "orders" ("id" integer PRIMARY KEY, "state" "state");`,
      sql: `ALTER TYPE "state" ADD VALUE 'paid' BEFORE 'sent';`,
    },
    {
      before: `CREATE TYPE "state" AS ENUM('new', 'old', 'sent');
CREATE TABLE "orders" ("id" integer PRIMARY KEY, "state" "state");`,
      sql: `ALTER TABLE "orders" ADD CONSTRAINT "no_old" CHECK ("state" <> 'old') NOT VALID;`,
    },
  ],
  find(statement, context) {
    const recreated = recreatedEnumOf(statement);
    // Each column once, at the change back to the enum.
    if (recreated === undefined || !recreated.isChangeBack) return [];
    const { rewritten } = statement.effects;
    const tables = rewritten.filter(({ kind }) => "rm".includes(kind));
    const table = relationIn(statement.body.relation, statement.source);
    if (table === undefined || tables.length === 0) return [];
    return [
      {
        message: `the enum ${recreated.name} is created again: ${table.name} is written anew twice, and a row with a removed value makes the migration fail`,
        remedy: `Keep the value in the enum, and forbid it in the column: ALTER TABLE "${table.name}" ADD CONSTRAINT "<name>" CHECK ("${recreated.column}" <> '<value>') NOT VALID; in Drizzle: check("<name>", sql\`\${table.${recreated.column}} <> '<value>'\`). To add a value, use ALTER TYPE "${recreated.name}" ADD VALUE '<value>' BEFORE '<other>'.`,
        ...unlessSmall(tables, context),
      },
    ];
  },
};

/** The enum that a migration drops and creates again, if a statement changes a column from it or back to it. */
export function recreatedEnumOf(
  statement: LintedStatement,
): { readonly name: string; readonly column: string; readonly isChangeBack: boolean } | undefined {
  const { kind, body, all } = statement;
  const changed = commandsOf(kind, body).filter(({ subtype }) => subtype === "AT_AlterColumnType");
  if (changed.length === 0) return undefined;
  const names = recreatedEnums(all);
  for (const { name: column = "", def } of changed) {
    const type = typeNameOf(def);
    if (names.has(type)) return { name: type, column, isChangeBack: true };
  }
  const at = all.indexOf(statement);
  for (const { name: column } of changed)
    for (const later of all.slice(at + 1)) {
      const back = commandsOf(later.kind, later.body).find(
        (one) => one.subtype === "AT_AlterColumnType" && one.name === column,
      );
      const name = back === undefined ? undefined : typeNameOf(back.def);
      if (name !== undefined && names.has(name))
        return { name, column: column ?? "", isChangeBack: false };
    }
  return undefined;
}

/** The enums that a migration drops, or renames, and creates again. */
export function recreatedEnums(all: readonly LintedStatement[]): ReadonlySet<string> {
  const gone = new Set<string>();
  const recreated = new Set<string>();
  for (const { kind, body } of all) {
    for (const { type, parts } of droppedObjects(kind, body))
      if (type === "TYPE") gone.add(parts.at(-1) ?? "");
    if (kind === "RenameStmt" && body.renameType === "OBJECT_TYPE")
      gone.add(stringsOf(listItems(body.object))?.at(-1) ?? "");
    const name = kind === "CreateEnumStmt" ? stringsOf(body.typeName)?.at(-1) : undefined;
    if (name !== undefined) recreated.add(name);
  }
  return new Set([...recreated].filter((name) => gone.has(name)));
}

function listItems(node: unknown): unknown {
  return (node as { List?: { items?: unknown } } | undefined)?.List?.items;
}
