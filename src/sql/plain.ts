import { isCatalogType } from "./builtins/types.ts";
import type { Tree } from "./parser.ts";
import { isTree, stringsOf, unwrap, walk } from "./tree.ts";

/**
 * True for a statement that only defines objects and, while it runs, calls nothing that a migration may have defined: no
 * function, cast, operator, trigger or domain check. Such a statement leaves nothing in the session, defers nothing to the
 * commit, and cannot write to a table that it does not name. False if in doubt.
 *
 * Source for what each command runs: PostgreSQL's documentation of ALTER TABLE (a constant or stable default rewrites
 * no row) and of CREATE INDEX (expressions and predicates are evaluated for each row). Event triggers of the database are
 * not considered: only a superuser can create them.
 *
 * @example
 * isPlain(parse("ALTER TABLE t ADD COLUMN c text")[0].tree) // true
 * isPlain(parse("ALTER TABLE t ADD COLUMN c uuid DEFAULT my_id()")[0].tree) // false
 */
export function isPlain(tree: Tree): boolean {
  const [kind, body] = unwrap(tree);
  return !isTemporary(body) && (checks[kind]?.(body) ?? false);
}

/** What a statement of each kind must meet. Kinds that are not listed are not plain. */
const checks: Readonly<Record<string, (body: Tree) => boolean>> = {
  CreateStmt: isPlainTable,
  IndexStmt: isPlainIndex,
  AlterTableStmt: ({ cmds }) => everyNode(cmds, "AlterTableCmd", isPlainChange),
  DropStmt: ({ concurrent }) => concurrent !== true,
  CreateEnumStmt: () => true,
  AlterEnumStmt: () => true,
  CompositeTypeStmt: () => true,
  CreateSeqStmt: () => true,
  AlterSeqStmt: () => true,
  CommentStmt: () => true,
  RenameStmt: () => true,
  ViewStmt: () => true,
};

/** True if a statement concerns something temporary, which belongs to the session. */
function isTemporary(body: Tree): boolean {
  let found = false;
  walk(body, (node) => {
    const values = Object.values(node);
    found ||= node.relpersistence === "t";
    found ||= values.some((value) => typeof value === "string" && value.startsWith("pg_temp"));
  });
  return found;
}

/**
 * Defaults and checks of a new table run when rows are inserted. Bounds of a partition run at once, and PostgreSQL
 * evaluates constant parts of the other expressions when it creates the table.
 */
function isPlainTable({ partbound, ofTypename, partspec, tableElts }: Tree): boolean {
  let plain = partbound === undefined && ofTypename === undefined;
  walk(partspec, ({ expr }) => {
    plain &&= expr === undefined;
  });
  walk(tableElts, ({ contype }) => {
    plain &&= contype !== "CONSTR_GENERATED" && contype !== "CONSTR_EXCLUSION";
  });
  return plain;
}

/** Methods whose operator classes for built-in and enum types are PostgreSQL's own. */
const plainMethods = new Set(["btree", "hash", "gin", "brin"]);

function isPlainIndex({ concurrent, accessMethod, indexParams, whereClause }: Tree): boolean {
  return (
    concurrent !== true &&
    plainMethods.has(String(accessMethod)) &&
    (whereClause === undefined || isPlainPredicate(whereClause)) &&
    everyNode(
      indexParams,
      "IndexElem",
      ({ name, opclass }) => typeof name === "string" && opclass === undefined,
    )
  );
}

/** True for a condition that only tests columns for NULL or for truth. */
function isPlainPredicate(expression: unknown): boolean {
  const [kind, body] = isTree(expression) ? unwrap(expression) : [];
  // With a table's name before it, a name may also call a function of the row.
  if (kind === "ColumnRef") return Array.isArray(body?.fields) && body.fields.length === 1;
  if (kind === "NullTest" || kind === "BooleanTest") return isPlainPredicate(body?.arg);
  return kind === "BoolExpr" && Array.isArray(body?.args) && body.args.every(isPlainPredicate);
}

/** Changes of a table that read no row, or only to compare it with NULL or with another key. */
const plainChanges = new Set([
  ...["AT_ColumnDefault", "AT_DropNotNull", "AT_SetNotNull", "AT_DropConstraint", "AT_DropColumn"],
  ...[
    "AT_EnableRowSecurity",
    "AT_DisableRowSecurity",
    "AT_ForceRowSecurity",
    "AT_NoForceRowSecurity",
  ],
]);

function isPlainChange({ subtype, def }: Tree): boolean {
  if (plainChanges.has(String(subtype))) return true;
  if (!isTree(def)) return false;
  if (subtype === "AT_AddColumn" && isTree(def.ColumnDef)) return isPlainColumn(def.ColumnDef);
  return subtype === "AT_AddConstraint" && isTree(def.Constraint) && isKey(def.Constraint);
}

/** Adding a column of another type would check its domain for each row. */
function isPlainColumn({ typeName, constraints, collClause }: Tree): boolean {
  return (
    isBuiltInType(typeName) &&
    collClause === undefined &&
    (constraints === undefined ||
      everyNode(constraints, "Constraint", (constraint) =>
        constraint.contype === "CONSTR_DEFAULT"
          ? isSameForAllRows(constraint.raw_expr)
          : constraint.contype === "CONSTR_NULL" ||
            constraint.contype === "CONSTR_NOTNULL" ||
            isKey(constraint),
      ))
  );
}

/** A key over time (WITHOUT OVERLAPS, PERIOD) has another kind of index. */
function isKey({ contype, without_overlaps, fk_with_period }: Tree): boolean {
  if (without_overlaps === true || fk_with_period === true) return false;
  return (
    contype === "CONSTR_PRIMARY" || contype === "CONSTR_UNIQUE" || contype === "CONSTR_FOREIGN"
  );
}

/** `serial` and its like are not types: they fill every row from a sequence. */
function isBuiltInType(typeName: unknown): boolean {
  const names = isTree(typeName) ? stringsOf(typeName.names) : undefined;
  const [name = "", ...outer] = [...(names ?? [])].reverse();
  return isCatalogType(name) && (outer.length === 0 || outer[0] === "pg_catalog");
}

/** True for a constant, and for the time of the transaction. */
function isSameForAllRows(expression: unknown): boolean {
  const [kind, body] = isTree(expression) ? unwrap(expression) : [];
  if (kind === "A_Const" || kind === "SQLValueFunction") return true;
  if (kind === "TypeCast") return isSameForAllRows(body?.arg) && isBuiltInType(body?.typeName);
  if (kind !== "FuncCall" || body === undefined) return false;
  const isBare = [body.args, body.over, body.agg_filter, body.agg_order].every(
    (part) => part === undefined,
  );
  return isBare && stringsOf(body.funcname)?.join(".") === "now";
}

/** True if a list has only nodes of a kind, and each meets the condition. */
function everyNode(list: unknown, kind: string, holds: (node: Tree) => boolean): boolean {
  return (
    Array.isArray(list) &&
    list.every((item: unknown) => {
      const node = isTree(item) ? item[kind] : undefined;
      return isTree(node) && holds(node);
    })
  );
}
