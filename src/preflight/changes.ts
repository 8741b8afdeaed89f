import type { Tree } from "../sql/parser.ts";
import { isTree, stringsOf, walk } from "../sql/tree.ts";
import {
  keyOf,
  type PendingStatement,
  type Relation,
  relationNamed,
  relationOf,
  type TableCommand,
} from "./statement.ts";

/** What the statements before an assertion have changed about its rows. */
export type RowsBefore =
  /** Nothing: the rows are as they are now. */
  | { readonly kind: "same" }
  /** A pending migration creates the table. */
  | { readonly kind: "empty" }
  /** A pending migration adds one of the columns, without a default. */
  | { readonly kind: "nulls"; readonly column: string }
  /** The rows then are not those that exist now. */
  | { readonly kind: "changed"; readonly reason: string };

interface TableChanges {
  created: boolean;
  /** Why its rows are not those that exist now. */
  rows: string | undefined;
  /** The same for single columns. */
  readonly columns: Map<string, string>;
  /** Columns that were added without a default. */
  readonly empty: Set<string>;
}

/** Functions that a migration calls on their own, and that change no rows of tables. */
const harmless = new Set(["setval", "nextval", "set_config", "pg_notify", "pg_advisory_xact_lock"]);

/**
 * What pending statements change, in order: an assertion about rows is wrong if an earlier statement changes these rows,
 * and a name that an earlier statement creates or drops says nothing.
 */
export class PendingChanges {
  readonly #tables = new Map<string, TableChanges>();
  /** The labels of enums that are created. */
  readonly enums = new Map<string, readonly string[]>();
  /** The commands that add a constraint as NOT VALID, by table and name. */
  readonly unvalidated = new Map<
    string,
    { readonly pending: PendingStatement; readonly command: TableCommand }
  >();
  #all: string | undefined;

  /** What the statements so far have changed about the rows of a table, and some of its columns. */
  before(table: Relation, columns: readonly string[]): RowsBefore {
    const changes = this.#tables.get(keyOf(table));
    const reason =
      changes?.rows ??
      columns.flatMap((column) => changes?.columns.get(column) ?? [])[0] ??
      (changes?.created === true ? undefined : this.#all);
    if (reason !== undefined) return { kind: "changed", reason };
    if (changes?.created === true) return { kind: "empty" };
    const column = columns.find((one) => changes?.empty.has(one) === true);
    return column === undefined ? { kind: "same" } : { kind: "nulls", column };
  }

  /** What the statements so far have changed about a table, if anything. */
  whyChanged(table: Relation): string | undefined {
    const changes = this.#tables.get(keyOf(table));
    if (changes?.created === true) return `a pending migration creates ${keyOf(table)}`;
    const [added] = changes?.empty ?? [];
    const column =
      added === undefined ? undefined : `a pending migration adds ${keyOf(table)}.${added}`;
    return changes?.rows ?? [...(changes?.columns.values() ?? [])][0] ?? column ?? this.#all;
  }

  /** True if a pending statement creates the table. */
  isCreated(table: Relation): boolean {
    return this.#tables.get(keyOf(table))?.created === true;
  }

  /** Notes what a statement changes; the commands of an ALTER TABLE are noted one by one. */
  note(pending: PendingStatement): void {
    const { kind, body, name } = pending;
    this.#noteRows(pending);
    const created =
      kind === "CreateStmt"
        ? body.relation
        : kind === "CreateTableAsStmt"
          ? intoOf(body)
          : undefined;
    const table = relationOf(created);
    if (table !== undefined) {
      const changes = this.#of(table);
      changes.created = true;
      if (kind !== "CreateStmt") changes.rows = `${name} fills ${keyOf(table)}`;
      if (body.if_not_exists === true) changes.rows = `${keyOf(table)} may exist before ${name}`;
    }
    if (kind === "RenameStmt") this.#noteRename(pending);
    if (kind === "CreateEnumStmt")
      this.enums.set(
        keyOf(relationNamed(stringsOf(body.typeName) ?? [])),
        stringsOf(body.vals) ?? [],
      );
    if (kind === "AlterEnumStmt" && body.oldVal !== undefined)
      this.#all = `${name} renames an enum value`;
  }

  /** Notes what one command of an ALTER TABLE changes. */
  noteCommand(pending: PendingStatement, table: Relation, command: TableCommand): void {
    const { name } = pending;
    const changes = this.#of(table);
    const { subtype, definition } = command;
    if (subtype === "AT_AddColumn") {
      const column = String(definition.colname);
      if (command.isTolerant || hasDefault(definition))
        changes.columns.set(column, `${name} adds column ${keyOf(table)}.${column}`);
      else changes.empty.add(column);
    }
    if (subtype === "AT_DropColumn") changes.columns.set(command.name, `${name} drops it`);
    // The text of a value stays the same.
    if (subtype === "AT_AlterColumnType" && !keepsText(definition))
      changes.columns.set(
        command.name,
        `${name} changes the type of ${keyOf(table)}.${command.name}`,
      );
    if (subtype === "AT_AddConstraint" && definition.skip_validation === true)
      this.unvalidated.set(constraintKey(table, String(definition.conname)), { pending, command });
    if (subtype === "AT_AttachPartition") changes.rows = `${name} attaches a partition`;
  }

  #of(table: Relation): TableChanges {
    const key = keyOf(table);
    const known = this.#tables.get(key);
    if (known !== undefined) return known;
    const changes: TableChanges = {
      created: false,
      rows: undefined,
      columns: new Map(),
      empty: new Set(),
    };
    this.#tables.set(key, changes);
    return changes;
  }

  #noteRows({ kind, body, name }: PendingStatement): void {
    if (["DoStmt", "CallStmt", ""].includes(kind) || (kind === "SelectStmt" && callsFunction(body)))
      this.#all = `${name} runs code that may change rows`;
    if (kind === "CopyStmt") this.#changeRows(body.relation, name);
    walk({ [kind]: body }, (node, key) => {
      if (/^(Insert|Delete|Merge)Stmt$/.test(key)) this.#changeRows(node.relation, name);
      if (key === "UpdateStmt") this.#changeColumns(node, name);
      if (key === "TruncateStmt" && Array.isArray(node.relations))
        for (const one of node.relations)
          this.#changeRows(isTree(one) ? one.RangeVar : undefined, name);
    });
  }

  #changeRows(node: unknown, name: string): void {
    const table = relationOf(node);
    if (table !== undefined) this.#of(table).rows = `${name} changes rows of ${keyOf(table)}`;
  }

  #changeColumns({ relation, targetList }: Tree, name: string): void {
    const table = relationOf(relation);
    if (table === undefined) return;
    for (const item of Array.isArray(targetList) ? targetList : []) {
      const column = isTree(item) && isTree(item.ResTarget) ? String(item.ResTarget.name) : "";
      this.#of(table).columns.set(column, `${name} changes ${keyOf(table)}.${column}`);
    }
  }

  #noteRename({ body, name }: PendingStatement): void {
    const table = relationOf(body.relation);
    if (table === undefined) return;
    const renamed = String(body.newname);
    const reason = `${name} renames it`;
    if (body.renameType === "OBJECT_COLUMN") {
      this.#of(table).columns.set(renamed, reason);
      this.#of(table).columns.set(String(body.subname), reason);
    }
    if (body.renameType !== "OBJECT_TABLE") return;
    this.#of(table).rows = reason;
    const created = this.isCreated(table);
    this.#of({ ...table, name: renamed }).rows = reason;
    this.#of({ ...table, name: renamed }).created = created;
  }
}

function intoOf(body: Tree): unknown {
  return isTree(body.into) ? body.into.rel : undefined;
}

/** The constraints of a column's definition. */
export function constraintsOf({ constraints }: Tree): Tree[] {
  const list: readonly unknown[] = Array.isArray(constraints) ? constraints : [];
  return list.flatMap((one) => (isTree(one) && isTree(one.Constraint) ? [one.Constraint] : []));
}

const serial = /^(big|small)?serial[248]?$/;

/** True if a new column has a value in existing rows. */
export function hasDefault(definition: Tree): boolean {
  const type = isTree(definition.typeName)
    ? stringsOf(definition.typeName.names)?.at(-1)
    : undefined;
  if (serial.test(type ?? "")) return true;
  return constraintsOf(definition).some(({ contype, raw_expr }) => {
    if (contype === "CONSTR_IDENTITY" || contype === "CONSTR_GENERATED") return true;
    const constant = isTree(raw_expr) && isTree(raw_expr.A_Const) ? raw_expr.A_Const : {};
    return contype === "CONSTR_DEFAULT" && constant.isnull !== true;
  });
}

/** True if ALTER COLUMN TYPE leaves the text of each value as it is: a change to text or varchar, without an expression. */
function keepsText({ typeName, raw_default: using }: Tree): boolean {
  const { names, typmods } = isTree(typeName) ? typeName : {};
  const name = stringsOf(names)?.at(-1) ?? "";
  const isText = (name === "text" || name === "varchar") && typmods === undefined;
  return isText && (using === undefined || (isTree(using) && "TypeCast" in using));
}

function callsFunction(body: Tree): boolean {
  let calls = false;
  walk(body, (node, key) => {
    if (key === "FuncCall") calls ||= !harmless.has(stringsOf(node.funcname)?.at(-1) ?? "");
  });
  return calls;
}

/** A key for a constraint of a table. */
export function constraintKey(table: Relation, name: string): string {
  return JSON.stringify([keyOf(table), name]);
}
