import { quoteIdentifier as quoted } from "../core/quoting.ts";
import { sqlstateOf } from "../postgres/sqlstate.ts";
import { overlap } from "../sql/subjects.ts";
import { unwrap } from "../sql/tree.ts";
import { commandIn } from "./alter-command.ts";
import { dependentsOf } from "./dependents.ts";
import type { DraftStatement, RepairContext } from "./draft-statement.ts";
import { primaryKeyOf } from "./primary-key.ts";
import { type Repair, restoring } from "./repair-types.ts";

/** Drops a primary key by its actual name: it keeps its first name if its table is renamed. */
export async function nameOfKey(
  { session, schema, read }: RepairContext,
  statement: DraftStatement,
  error: Error,
): Promise<Repair | undefined> {
  const dropped = commandIn(statement, "AT_DropConstraint");
  if (dropped === undefined || sqlstateOf(error) !== "42704") return undefined;
  const { table, tableName, name } = dropped;
  if (!/_pk(ey)?$/.test(name)) return undefined;
  const key = await primaryKeyOf(session, schema, tableName);
  if (key === undefined || key === name) return undefined;
  return { statements: [read(`ALTER TABLE ${table} DROP CONSTRAINT ${quoted(key)}`)] };
}

/** drizzle-kit adds a primary key of other columns without dropping the existing one. */
export async function existingKey(
  { session, schema, read }: RepairContext,
  statement: DraftStatement,
  error: Error,
): Promise<Repair | undefined> {
  const added = commandIn(statement, "AT_AddConstraint");
  if (added === undefined || !error.message.startsWith("multiple primary keys")) return undefined;
  const { table, tableName } = added;
  const key = await primaryKeyOf(session, schema, tableName);
  if (key === undefined) return undefined;
  return { statements: [read(`ALTER TABLE ${table} DROP CONSTRAINT ${quoted(key)}`), statement] };
}

/** Errors of statements that dependent objects prevent. */
const causedByDependents = new Set(["0A000", "42883", "42804", "2BP01", "42846"]);

/** Drops the objects that depend on the column or the key, and creates them again afterwards. */
export async function aroundDependents(
  { session, schema, read, described }: RepairContext,
  statement: DraftStatement,
  error: Error,
): Promise<Repair | undefined> {
  const changed =
    commandIn(statement, "AT_AlterColumnType") ??
    commandIn(statement, "AT_SetExpression") ??
    commandIn(statement, "AT_DropConstraint");
  if (changed === undefined || !causedByDependents.has(sqlstateOf(error) ?? "")) return undefined;
  const { tableName, columnName } = changed;
  const goal = await described();
  const found = await dependentsOf(session, { schema, table: tableName, name: columnName }, goal);
  if (found.length === 0) return undefined;
  return {
    statements: [
      ...found.map(({ drop }) => read(drop)),
      statement,
      ...found.toReversed().map(({ create }) => restoring(read(create))),
    ],
  };
}

/** Two columns swap their names through a third name. */
export async function throughThirdName(
  { read, ahead }: RepairContext,
  statement: DraftStatement,
  error: Error,
): Promise<Repair | undefined> {
  const [kind, body] = unwrap(statement.tree);
  if (kind !== "RenameStmt" || !["42701", "42P07", "42710"].includes(sqlstateOf(error) ?? ""))
    return undefined;
  const to = String(body.newname);
  const back = ahead.find((one) => unwrap(one.tree)[0] === "RenameStmt" && fromOf(one) === to);
  if (back === undefined || body.renameType !== "OBJECT_COLUMN") return undefined;
  const aside = quoted(`${to}__aside`.slice(0, 60));
  const away = back.text.replace(/ TO .*$/s, ` TO ${aside}`);
  const table = /ALTER TABLE (.+?) RENAME/s.exec(back.text)?.[1] ?? "";
  const target = quoted(String(unwrap(back.tree)[1].newname));
  return {
    statements: [
      read(away),
      statement,
      read(`ALTER TABLE ${table} RENAME COLUMN ${aside} TO ${target}`),
    ],
    instead: [back],
  };
}

function fromOf({ tree }: DraftStatement): string {
  return String(unwrap(tree)[1].subname ?? "");
}

/**
 * Leaves out a drop of an object that was dropped together with another one, and the restoration of an object that is
 * dropped later.
 */
export async function alreadyDropped(
  { ahead }: RepairContext,
  statement: DraftStatement,
  error: Error,
): Promise<Repair | undefined> {
  const [kind] = unwrap(statement.tree);
  const drops = kind === "DropStmt" || commandIn(statement, "AT_DropConstraint") !== undefined;
  if (drops && ["42704", "42P01", "42703"].includes(sqlstateOf(error) ?? ""))
    return { statements: [] };
  const isDroppedLater = ahead.some((one) =>
    one.subjects.some((subject) => statement.subjects.some((other) => overlap(subject, other))),
  );
  return statement.restores === true && isDroppedLater ? { statements: [] } : undefined;
}
