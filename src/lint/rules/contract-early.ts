import { unwrap } from "../../sql/tree.ts";
import { releasedBefore } from "../declared.ts";
import type { LintedStatement, RelationName, Rule } from "../rule.ts";
import { commandsOf, droppedObjects, listOf, relationIn, relationOfParts } from "../tree-parts.ts";

export const contractEarly: Rule = {
  id: "contract-early",
  severity: "error",
  summary: "a table or column is dropped or renamed that the running release still declares",
  why: "While a migration is rolled out, programs of the previous release still run. drizzle-orm names every declared column in select(), in insert() and in returning(): the old programs fail as soon as one of them is gone, even if their code does not use it. First release code that no longer declares it, and drop it when no older program runs.",
  bad: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "nick" text);`,
      sql: `ALTER TABLE "users" DROP COLUMN "nick";`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "nick" text);`,
      sql: `ALTER TABLE "users" RENAME COLUMN "nick" TO "name";`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);`,
      sql: `DROP TABLE "users";`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);`,
      sql: `ALTER TABLE "users" RENAME TO "members";`,
    },
  ],
  good: [
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "nick" text NOT NULL);`,
      sql: `ALTER TABLE "users" ALTER COLUMN "nick" DROP NOT NULL;`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY, "nick" text);`,
      sql: `-- drizzle-fleet: contract after 0000_before 14d
ALTER TABLE "users" DROP COLUMN "nick";`,
    },
    {
      before: `CREATE TABLE "users" ("id" integer PRIMARY KEY);`,
      sql: `ALTER TABLE "users" RENAME TO "members";
CREATE VIEW "users" AS SELECT * FROM "members";`,
    },
  ],
  find(statement, context) {
    const { migration, isNew } = statement;
    if (/^[ \t]*--[ \t]*drizzle-fleet:[ \t]*contract\b/m.test(migration.text)) return [];
    const declared = releasedBefore(statement, context);
    return goneIn(statement).flatMap(({ relation, column, how }) => {
      if (relation.schema !== undefined || isNew(relation)) return [];
      const columns = declared?.get(relation.name);
      if (declared !== undefined && columns === undefined) return [];
      if (column !== undefined && columns?.has(column) === false) return [];
      const what = column === undefined ? relation.name : `${relation.name}.${column}`;
      return [
        {
          message: `${what} is ${how}, but programs of the previous release still declare it`,
          remedy:
            how === "dropped"
              ? `Remove it from the Drizzle schema in this release, and drop it in a later one. Until then, let new code leave it out: ALTER TABLE "${relation.name}" ALTER COLUMN "${column ?? "<column>"}" DROP NOT NULL;`
              : `Do not rename it in the database: declare the new name in TypeScript only, as in newName: text("${column ?? relation.name}"). Or add a new one, fill it, switch to it, and drop the old one in a later release.`,
        },
      ];
    });
  },
};

interface Gone {
  readonly relation: RelationName;
  readonly column: string | undefined;
  readonly how: "dropped" | "renamed" | "moved to another schema";
}

/** The names that are no longer valid after a statement, unless the migration gives them to something else. */
function goneIn(statement: LintedStatement): Gone[] {
  const { kind, body, source, all } = statement;
  const later = all.slice(all.indexOf(statement) + 1);
  return gone(kind, body, source).filter(
    ({ relation, column }) => !later.some((one) => returns(one, relation.name, column)),
  );
}

function gone(
  kind: string,
  body: LintedStatement["body"],
  source: LintedStatement["source"],
): Gone[] {
  const relation = relationIn(body.relation, source);
  const dropped = droppedObjects(kind, body).flatMap(({ type, parts }): Gone[] => {
    const one = /TABLE|VIEW/.test(type) ? relationOfParts(parts, source) : undefined;
    return one === undefined ? [] : [{ relation: one, column: undefined, how: "dropped" }];
  });
  if (relation === undefined) return dropped;
  if (kind === "RenameStmt" && /TABLE|VIEW/.test(String(body.renameType)))
    return [{ relation, column: undefined, how: "renamed" }];
  if (kind === "RenameStmt" && body.renameType === "OBJECT_COLUMN")
    return [{ relation, column: String(body.subname), how: "renamed" }];
  if (kind === "AlterObjectSchemaStmt" && /TABLE|VIEW/.test(String(body.objectType)))
    return [{ relation, column: undefined, how: "moved to another schema" }];
  return commandsOf(kind, body)
    .filter(({ subtype }) => subtype === "AT_DropColumn")
    .map(({ name }) => ({ relation, column: name, how: "dropped" }));
}

/** True if a statement gives the name of a table or column to a new one. */
function returns(
  { kind, body, source }: LintedStatement,
  name: string,
  column: string | undefined,
): boolean {
  const relation = relationIn(body.relation, source);
  if (column !== undefined && relation?.name === name)
    return (
      commandsOf(kind, body).some(
        ({ subtype, def }) => subtype === "AT_AddColumn" && def.colname === column,
      ) ||
      (kind === "RenameStmt" && body.newname === column)
    );
  if (kind === "CreateStmt")
    return (
      relation?.name === name &&
      (column === undefined ||
        listOf(body.tableElts).some((one) => unwrap(one)[1].colname === column))
    );
  if (column !== undefined) return false;
  if (kind === "RenameStmt" && /TABLE|VIEW/.test(String(body.renameType)))
    return body.newname === name;
  return kind === "ViewStmt" && relationIn(body.view, source)?.name === name;
}
