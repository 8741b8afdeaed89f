import { quoteIdentifier as quoted } from "../core/quoting.ts";
import type { Session } from "../postgres/session.ts";
import { sqlstateOf } from "../postgres/sqlstate.ts";
import { overlap } from "../sql/subjects.ts";
import { isTree, unwrap } from "../sql/tree.ts";

import { dependentsOf } from "./dependents.ts";
import type { Move, Trial } from "./move.ts";

/** What goes in the place of a statement that the server refuses. */
interface Repair {
  readonly moves: readonly Move[];
  /** Later statements that it makes unnecessary. */
  readonly instead?: readonly Move[];
}

type Repairer = (trial: Trial, move: Move, error: Error) => Promise<Repair | undefined>;

/** By the server's error; the first repair that applies is taken. */
const repairers: readonly Repairer[] = [
  superfluous,
  aroundDefault,
  withCast,
  ofSerial,
  overOwnSequence,
  nameOfKey,
  keyInTheWay,
  aroundDependents,
  throughOtherName,
  goneAlready,
];

/**
 * Finds a repair for a statement that fails in every order.
 *
 * @returns undefined where nothing is known
 */
export async function repairOf(
  trial: Trial,
  move: Move,
  error: Error,
): Promise<Repair | undefined> {
  for (const repairer of repairers) {
    const found = await repairer(trial, move, error);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * A down cannot know what a dropped column held: rows get an empty value of its type.
 *
 * @returns what to run instead of an ADD COLUMN; undefined for anything else, and on the way up
 */
export async function valueForNewColumn(
  { direction, session, read }: Omit<Trial, "ahead">,
  move: Move,
  error: Error,
): Promise<readonly Move[] | undefined> {
  const added = commandIn(move, "AT_AddColumn");
  if (direction !== "down" || sqlstateOf(error) !== "23502" || added === undefined)
    return undefined;
  // One value for all rows is no key.
  if (/ (?:PRIMARY KEY|UNIQUE)\b/.test(move.text)) return undefined;
  const type = typeText(move.sql);
  const value = type === undefined ? undefined : await emptyValue(session, type);
  if (value === undefined) return undefined;
  const { table, column } = added;
  const text = move.text.replace(/ NOT NULL\s*$/, "");
  return [
    read(`${text} DEFAULT ${value} NOT NULL`),
    read(`ALTER TABLE ${table} ALTER COLUMN ${column} DROP DEFAULT`),
  ];
}

/** drizzle-kit 0.31 changes columns that it drops or adds in the same migration. */
async function superfluous({ ahead }: Trial, move: Move): Promise<Repair | undefined> {
  const changed =
    commandIn(move, "AT_AlterColumnType") ??
    commandIn(move, "AT_ColumnDefault") ??
    commandIn(move, "AT_SetNotNull");
  if (changed === undefined) return undefined;
  const isRemade = ahead.some((one) =>
    ["AT_DropColumn", "AT_AddColumn"].some((subtype) => {
      const other = commandIn(one, subtype);
      return other?.tableName === changed.tableName && other.columnName === changed.columnName;
    }),
  );
  return isRemade ? { moves: [] } : undefined;
}

/** An empty value of a type, as an expression; undefined where the type has none that is known. */
async function emptyValue(session: Session, type: string): Promise<string | undefined> {
  const [row] = await session.query<{ category: string; type: string; first: string | null }>(
    `SELECT t.typcategory::text AS category, format_type(t.oid, NULL) AS type,
      (SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder LIMIT 1) AS first
     FROM pg_type t WHERE t.oid = to_regtype($1)`,
    [type],
  );
  if (row === undefined) return undefined;
  if (row.first !== null) return `'${row.first.replaceAll("'", "''")}'`;
  if (row.type === "uuid") return "gen_random_uuid()";
  if (row.type === "json" || row.type === "jsonb") return "'{}'";
  if (row.type === "bytea") return "''";
  const byCategory: Readonly<Record<string, string>> = {
    A: "'{}'",
    B: "false",
    D: row.type.startsWith("time ") || row.type === "time" ? "'00:00'" : "now()",
    N: "0",
    R: "'empty'",
    S: "''",
    T: "'0'",
    I: "'0.0.0.0'",
  };
  return byCategory[row.category];
}

/**
 * Takes the rows out of all tables of a scratch schema but the ledger.
 *
 * @returns false when there were none
 */
export async function emptyTables(session: Session, schema: string): Promise<boolean> {
  const tables = await session.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND c.relname NOT LIKE '\\_\\_fleet%' AND NOT c.relispartition`,
    [schema],
  );
  if (tables.length === 0) return false;
  const [row] = await session.query<{ held: boolean }>(
    `SELECT ${tables.map(({ name }) => `EXISTS (SELECT FROM ${name})`).join(" OR ")} AS held`,
  );
  if (row?.held !== true) return false;
  await session.query(`TRUNCATE ${tables.map(({ name }) => name).join(", ")}`);
  return true;
}

/** A default that the new type cannot take over is set again after the change. */
async function aroundDefault(
  { session, schema, read, ahead }: Trial,
  move: Move,
  { message }: Error,
): Promise<Repair | undefined> {
  const typed = commandIn(move, "AT_AlterColumnType");
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
  // Without the old type's name: the constant is one of the new type then.
  const expression = row?.expression.replace(/^('(?:[^']|'')*')::[\w". ]+(?:\[\])?$/, "$1");
  const restored =
    isSet || expression === undefined
      ? []
      : [restoring(read(`ALTER TABLE ${table} ALTER COLUMN ${column} SET DEFAULT ${expression}`))];
  return { moves: [drop, move, ...restored] };
}

/** There is no assignment cast: said explicitly, and through text where there is no cast at all. */
async function withCast({ read }: Trial, move: Move, error: Error): Promise<Repair | undefined> {
  const typed = commandIn(move, "AT_AlterColumnType");
  if (typed === undefined) return undefined;
  const { column } = typed;
  const [, before = "", type = ""] =
    /^(.*?SET DATA TYPE (.+?))(?: USING .*)?$/s.exec(move.text) ?? [];
  if (sqlstateOf(error) === "42804" && error.message.includes("cannot be cast automatically"))
    return { moves: [read(`${before} USING ${column}::${type}`)] };
  if (sqlstateOf(error) === "42846" && type !== "" && !move.text.includes("::text::"))
    return { moves: [read(`${before} USING ${column}::text::${type}`)] };
  return undefined;
}

/** `serial` is a type in CREATE TABLE and ADD COLUMN only: elsewhere, it is written out. */
async function ofSerial({ read }: Trial, move: Move): Promise<Repair | undefined> {
  const typed = commandIn(move, "AT_AlterColumnType");
  const [, size] = /SET DATA TYPE (small|big)?serial\b/.exec(move.text) ?? [];
  if (typed === undefined || !/SET DATA TYPE (?:small|big)?serial\b/.test(move.text))
    return undefined;
  const { table, column, tableName, columnName } = typed;
  const sequence = quoted(`${tableName}_${columnName}_seq`);
  const integer = size === undefined ? "integer" : `${size}int`;
  return {
    moves: [
      read(`ALTER TABLE ${table} ALTER COLUMN ${column} SET DATA TYPE ${integer}`),
      read(`CREATE SEQUENCE ${sequence} AS ${integer} OWNED BY ${table}.${column}`),
      read(
        `ALTER TABLE ${table} ALTER COLUMN ${column} SET DEFAULT nextval('${sequence.replaceAll("'", "''")}')`,
      ),
    ],
  };
}

/** A serial's sequence has the name that the identity's is to get. */
async function overOwnSequence(
  { session, schema, read }: Trial,
  move: Move,
  error: Error,
): Promise<Repair | undefined> {
  const identity = commandIn(move, "AT_AddIdentity");
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
    moves: [
      read(`ALTER TABLE ${table} ALTER COLUMN ${column} DROP DEFAULT`),
      read(`DROP SEQUENCE ${row.sequence}`),
      move,
    ],
  };
}

/** A primary key keeps the name that it was made with, whatever its table is called now. */
async function nameOfKey(
  { session, schema, read }: Trial,
  move: Move,
  error: Error,
): Promise<Repair | undefined> {
  const dropped = commandIn(move, "AT_DropConstraint");
  if (dropped === undefined || sqlstateOf(error) !== "42704") return undefined;
  const { table, tableName, name } = dropped;
  if (!/_pk(ey)?$/.test(name)) return undefined;
  const key = await primaryKeyOf(session, schema, tableName);
  if (key === undefined || key === name) return undefined;
  return { moves: [read(`ALTER TABLE ${table} DROP CONSTRAINT ${quoted(key)}`)] };
}

/** The name of a table's primary key; undefined when it has none. */
export async function primaryKeyOf(
  session: Session,
  schema: string,
  table: string,
): Promise<string | undefined> {
  const [row] = await session.query<{ name: string }>(
    `SELECT conname::text AS name FROM pg_constraint WHERE contype = 'p' AND conrelid = to_regclass(format('%I.%I', $1::text, $2::text))`,
    [schema, table],
  );
  return row?.name;
}

const inTheWay = new Set(["0A000", "42883", "42804", "2BP01", "42846"]);

/** What compares the column with a value of its old type, or rests on the key, goes first, and comes back afterwards. */
async function aroundDependents(
  { session, schema, read, described }: Trial,
  move: Move,
  error: Error,
): Promise<Repair | undefined> {
  const changed =
    commandIn(move, "AT_AlterColumnType") ??
    commandIn(move, "AT_SetExpression") ??
    commandIn(move, "AT_DropConstraint");
  if (changed === undefined || !inTheWay.has(sqlstateOf(error) ?? "")) return undefined;
  const { tableName, columnName } = changed;
  const goal = await described();
  const found = await dependentsOf(session, schema, tableName, columnName, goal);
  if (found.length === 0) return undefined;
  return {
    moves: [
      ...found.map(({ drop }) => read(drop)),
      move,
      ...found.toReversed().map(({ create }) => restoring(read(create))),
    ],
  };
}

/** drizzle-kit makes a key of other columns, and forgets the one that is there. */
async function keyInTheWay(
  { session, schema, read }: Trial,
  move: Move,
  error: Error,
): Promise<Repair | undefined> {
  const added = commandIn(move, "AT_AddConstraint");
  if (added === undefined || !error.message.startsWith("multiple primary keys")) return undefined;
  const { table, tableName } = added;
  const key = await primaryKeyOf(session, schema, tableName);
  if (key === undefined) return undefined;
  return { moves: [read(`ALTER TABLE ${table} DROP CONSTRAINT ${quoted(key)}`), move] };
}

/** Two that swap names need a third one. */
async function throughOtherName(
  { read, ahead }: Trial,
  move: Move,
  error: Error,
): Promise<Repair | undefined> {
  const [kind, body] = unwrap(move.tree);
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
    moves: [read(away), move, read(`ALTER TABLE ${table} RENAME COLUMN ${aside} TO ${target}`)],
    instead: [back],
  };
}

function fromOf({ tree }: Move): string {
  return String(unwrap(tree)[1].subname ?? "");
}

/** Gone along with something else: what is to be dropped, and what was to be made again before it is dropped. */
async function goneAlready(
  { ahead }: Trial,
  move: Move,
  error: Error,
): Promise<Repair | undefined> {
  const [kind] = unwrap(move.tree);
  const drops = kind === "DropStmt" || commandIn(move, "AT_DropConstraint") !== undefined;
  if (drops && ["42704", "42P01", "42703"].includes(sqlstateOf(error) ?? "")) return { moves: [] };
  const isDroppedLater = ahead.some((one) =>
    one.subjects.some((subject) => move.subjects.some((other) => overlap(subject, other))),
  );
  return move.restores === true && isDroppedLater ? { moves: [] } : undefined;
}

function restoring(move: Move): Move {
  return { ...move, restores: true };
}

/** The only command of an ALTER TABLE, if it is of this kind, with quoted and plain names. */
function commandIn(
  { tree }: Move,
  subtype: string,
):
  | {
      readonly table: string;
      readonly tableName: string;
      readonly column: string;
      readonly columnName: string;
      readonly name: string;
    }
  | undefined {
  const [kind, body] = unwrap(tree);
  if (kind !== "AlterTableStmt" || !Array.isArray(body.cmds) || body.cmds.length !== 1)
    return undefined;
  const [item] = body.cmds as unknown[];
  const command = isTree(item) && isTree(item.AlterTableCmd) ? item.AlterTableCmd : {};
  if (command.subtype !== subtype || !isTree(body.relation)) return undefined;
  const definition = isTree(command.def) ? unwrap(command.def)[1] : {};
  const tableName = String(body.relation.relname);
  const columnName = String(command.name ?? definition.colname ?? definition.conname ?? "");
  return {
    table: quoted(tableName),
    tableName,
    column: quoted(columnName),
    columnName,
    name: columnName,
  };
}

/** The type of an ADD COLUMN, as it is written. */
function typeText(text: string): string | undefined {
  return /ADD COLUMN (?:"(?:[^"]|"")+"|\w+) (.+?)(?: (?:DEFAULT|GENERATED|PRIMARY KEY|UNIQUE)\b.*)?(?: NOT NULL)?\s*$/s.exec(
    text,
  )?.[1];
}
