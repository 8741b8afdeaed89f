import { quoteIdentifier as quoted } from "../core/quoting.ts";
import { sqlstateOf } from "../postgres/sqlstate.ts";
import { overlap } from "../sql/subjects.ts";
import { commandIn } from "./alter-command.ts";
import type { DraftStatement, RepairContext } from "./draft-statement.ts";
import { type Repair, restoring } from "./repair-types.ts";

/** drizzle-kit 0.31 alters columns that it drops or adds in the same migration: the change is left out. */
export async function superfluousChange(
  { ahead }: RepairContext,
  statement: DraftStatement,
): Promise<Repair | undefined> {
  const changed =
    commandIn(statement, "AT_AlterColumnType") ??
    commandIn(statement, "AT_ColumnDefault") ??
    commandIn(statement, "AT_SetNotNull");
  if (changed === undefined) return undefined;
  const isRemade = ahead.some((one) =>
    ["AT_DropColumn", "AT_AddColumn"].some((subtype) => {
      const other = commandIn(one, subtype);
      return other?.tableName === changed.tableName && other.columnName === changed.columnName;
    }),
  );
  return isRemade ? { statements: [] } : undefined;
}

/** Drops a default that cannot be converted to the new type, and sets it again after the change. */
export async function aroundDefault(
  { session, schema, read, ahead }: RepairContext,
  statement: DraftStatement,
  { message }: Error,
): Promise<Repair | undefined> {
  const typed = commandIn(statement, "AT_AlterColumnType");
  if (typed === undefined || !message.startsWith("default for column")) return undefined;
  const { table, column } = typed;
  const [row] = await session.query<{ expression: string }>(
    `SELECT pg_get_expr(d.adbin, d.adrelid) AS expression FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
     WHERE d.adrelid = to_regclass($1) AND a.attname = $2`,
    [`${quoted(schema)}.${table}`, typed.columnName],
  );
  const drop = read(`ALTER TABLE ${table} ALTER COLUMN ${column} DROP DEFAULT`);
  const isSet = ahead.some(
    (one) =>
      commandIn(one, "AT_ColumnDefault")?.columnName === typed.columnName &&
      one.subjects.some((subject) => drop.subjects.some((other) => overlap(subject, other))),
  );
  // Without the cast to the old type, the constant gets the new type.
  const expression = row?.expression.replace(/^('(?:[^']|'')*')::[\w". ]+(?:\[\])?$/, "$1");
  const restored =
    isSet || expression === undefined
      ? []
      : [restoring(read(`ALTER TABLE ${table} ALTER COLUMN ${column} SET DEFAULT ${expression}`))];
  return { statements: [drop, statement, ...restored] };
}

/** Adds USING if there is no assignment cast, and converts through text if there is no cast at all. */
export async function withCast(
  { read }: RepairContext,
  statement: DraftStatement,
  error: Error,
): Promise<Repair | undefined> {
  const typed = commandIn(statement, "AT_AlterColumnType");
  if (typed === undefined) return undefined;
  const { column } = typed;
  const [, before = "", type = ""] =
    /^(.*?SET DATA TYPE (.+?))(?: USING .*)?$/s.exec(statement.text) ?? [];
  if (sqlstateOf(error) === "42804" && error.message.includes("cannot be cast automatically"))
    return { statements: [read(`${before} USING ${column}::${type}`)] };
  if (sqlstateOf(error) === "42846" && type !== "" && !statement.text.includes("::text::"))
    return { statements: [read(`${before} USING ${column}::text::${type}`)] };
  return undefined;
}

/** `serial` is a type only in CREATE TABLE and ADD COLUMN: here its sequence and default are created separately. */
export async function ofSerial(
  { read }: RepairContext,
  statement: DraftStatement,
): Promise<Repair | undefined> {
  const typed = commandIn(statement, "AT_AlterColumnType");
  const [, size] = /SET DATA TYPE (small|big)?serial\b/.exec(statement.text) ?? [];
  if (typed === undefined || !/SET DATA TYPE (?:small|big)?serial\b/.test(statement.text))
    return undefined;
  const { table, column, tableName, columnName } = typed;
  const sequence = quoted(`${tableName}_${columnName}_seq`);
  const integer = size === undefined ? "integer" : `${size}int`;
  return {
    statements: [
      read(`ALTER TABLE ${table} ALTER COLUMN ${column} SET DATA TYPE ${integer}`),
      read(`CREATE SEQUENCE ${sequence} AS ${integer} OWNED BY ${table}.${column}`),
      read(
        `ALTER TABLE ${table} ALTER COLUMN ${column} SET DEFAULT nextval('${sequence.replaceAll("'", "''")}')`,
      ),
    ],
  };
}

/** Drops a serial's sequence, whose name the identity's sequence will get. */
export async function overOwnSequence(
  { session, schema, read }: RepairContext,
  statement: DraftStatement,
  error: Error,
): Promise<Repair | undefined> {
  const identity = commandIn(statement, "AT_AddIdentity");
  if (identity === undefined || !["42P07", "55000"].includes(sqlstateOf(error) ?? ""))
    return undefined;
  const { table, column, columnName } = identity;
  const [row] = await session.query<{ sequence: string }>(
    `SELECT d.objid::regclass::text AS sequence FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
     WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'a' AND d.refobjid = to_regclass($1) AND a.attname = $2`,
    [`${quoted(schema)}.${table}`, columnName],
  );
  if (row === undefined) return undefined;
  return {
    statements: [
      read(`ALTER TABLE ${table} ALTER COLUMN ${column} DROP DEFAULT`),
      read(`DROP SEQUENCE ${row.sequence}`),
      statement,
    ],
  };
}
