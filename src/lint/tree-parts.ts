import type { Tree } from "../sql/parser.ts";
import type { SourceSchema } from "../sql/source-schema.ts";
import { isTree, stringsOf, unwrap } from "../sql/tree.ts";
import type { RelationName } from "./rule.ts";

/** One action of ALTER TABLE. */
export interface TableCommand {
  /** Such as `AT_AddColumn`. */
  readonly subtype: string;
  /** The column, constraint or trigger that it names. */
  readonly name: string | undefined;
  /** The kind and the node of its definition. */
  readonly kind: string;
  readonly def: Tree;
  readonly cascades: boolean;
}

/** The actions of ALTER TABLE; none for other statements. */
export function commandsOf(kind: string, body: Tree): TableCommand[] {
  if (kind !== "AlterTableStmt") return [];
  return listOf(body.cmds).flatMap((item) => {
    const [, command] = unwrap(item);
    const [defKind, def] = isTree(command.def) ? unwrap(command.def) : ["", {}];
    return [
      {
        subtype: String(command.subtype),
        name: typeof command.name === "string" ? command.name : undefined,
        ...{ kind: defKind, def, cascades: command.behavior === "DROP_CASCADE" },
      },
    ];
  });
}

/** The nodes of a list. */
export function listOf(value: unknown): Tree[] {
  return Array.isArray(value) ? value.filter(isTree) : [];
}

/** The relation of a RangeVar. */
export function relationIn(node: unknown, source: SourceSchema): RelationName | undefined {
  const { relname, schemaname } = isTree(node) ? node : {};
  if (typeof relname !== "string") return undefined;
  return named(relname, schemaname, source);
}

/** The relation that the parts of a name mean. */
export function relationOfParts(
  parts: readonly string[] | undefined,
  source: SourceSchema,
): RelationName | undefined {
  const [name, schema] = [...(parts ?? [])].reverse();
  return name === undefined ? undefined : named(name, schema, source);
}

function named(name: string, schema: unknown, source: SourceSchema): RelationName {
  const other = typeof schema === "string" && schema !== "" && !source.has(schema);
  return { schema: other ? schema : undefined, name };
}

/** The objects that DROP names, as relations. For a policy or a trigger, the last part is its name. */
export function droppedObjects(
  kind: string,
  body: Tree,
): { readonly type: string; readonly parts: string[] }[] {
  if (kind !== "DropStmt") return [];
  const type = String(body.removeType).replace("OBJECT_", "");
  return listOf(body.objects).flatMap((object) => {
    const [, node] = unwrap(object);
    const parts = stringsOf(node.items) ?? stringsOf(node.names);
    return parts === undefined ? [] : [{ type, parts }];
  });
}

/** A constraint of a column or a table, with the table that it is added to. */
export interface AddedConstraint {
  readonly constraint: Tree;
  /** Such as `CONSTR_FOREIGN`. */
  readonly type: string;
  /** Its columns. For a constraint of a column definition, that column. */
  readonly columns: readonly string[];
}

/** The constraints that a statement adds: by ALTER TABLE, or with columns and tables that it creates. */
export function addedConstraints(kind: string, body: Tree): AddedConstraint[] {
  const elements =
    kind === "CreateStmt"
      ? listOf(body.tableElts).map(unwrap)
      : commandsOf(kind, body)
          .filter(({ subtype }) => /^AT_Add(Column|Constraint)$/.test(subtype))
          .map((command) => [command.kind, command.def] as const);
  return elements.flatMap(([elementKind, element]) => {
    if (elementKind === "Constraint") return [constraintOf(element, [])];
    if (elementKind !== "ColumnDef") return [];
    return columnConstraints(element).map((one) => constraintOf(one, [String(element.colname)]));
  });
}

/** The constraints in a column's definition. */
export function columnConstraints(column: Tree): Tree[] {
  return listOf(column.constraints).map((one) => unwrap(one)[1]);
}

function constraintOf(constraint: Tree, columns: readonly string[]): AddedConstraint {
  const own = stringsOf(constraint.fk_attrs) ?? stringsOf(constraint.keys) ?? columns;
  return { constraint, type: String(constraint.contype), columns: own };
}

/** The last part of a type's name, such as `timestamptz`. */
export function typeNameOf(column: Tree): string {
  const names = isTree(column.typeName) ? stringsOf(column.typeName.names) : undefined;
  return names?.at(-1) ?? "";
}
