import type { FleetError } from "../core/errors.ts";
import type { Tree } from "./parser.ts";
import { SourceText } from "./source-text.ts";
import { splitStatements } from "./split.ts";
import { isTree, stringsOf, unwrap } from "./tree.ts";

/** Something that a migration renames. */
interface RenamedObject {
  readonly kind: "table" | "column" | "enum" | "view" | "sequence" | "policy";
  /** The table of a column or policy, by its name after the migration. */
  readonly table?: string;
  readonly from: string;
  readonly to: string;
}

/** What a migration's SQL does that a diff of two schemas does not show. */
export interface Changes {
  readonly renamed: readonly RenamedObject[];
  /** Tables and columns that are dropped with their data, in words. */
  readonly lost: readonly string[];
  /** Those of them that are created again under the same name. */
  readonly recreated: readonly string[];
  /** Values that are added to enums, as in `user_status 'locked'`. */
  readonly values: readonly string[];
}

const renameKinds = {
  OBJECT_TABLE: "table",
  OBJECT_COLUMN: "column",
  OBJECT_TYPE: "enum",
  OBJECT_VIEW: "view",
  OBJECT_MATVIEW: "view",
  OBJECT_SEQUENCE: "sequence",
  OBJECT_POLICY: "policy",
} as const;

/**
 * Reads what a migration renames and drops. It skips what does not parse, which the checks report.
 * `loadParser()` must have been awaited.
 */
export function changesOf(file: string, text: string): Changes {
  const ignored: FleetError[] = [];
  const source = new SourceText(file, text.replace(/^\uFEFF/, ""));
  const trees = splitStatements(source, ignored).map(({ parsed }) => parsed.tree);
  const renamed = trees.flatMap(renameIn);
  const tables = new Map(
    renamed.flatMap(({ kind, from, to }) => (kind === "table" ? [[from, to] as const] : [])),
  );
  const added = new Set(trees.flatMap((tree) => columnsIn(tree, "AT_AddColumn")));
  const columns = trees.flatMap((tree) => columnsIn(tree, "AT_DropColumn"));
  return {
    renamed: renamed.map((one) =>
      one.table === undefined ? one : { ...one, table: tables.get(one.table) ?? one.table },
    ),
    lost: [
      ...trees.flatMap(droppedTables).map((name) => `table ${name}`),
      ...columns.map((name) => `column ${name}`),
    ],
    recreated: columns.filter((name) => added.has(name)).map((name) => `column ${name}`),
    values: trees.flatMap(valueIn),
  };
}

/**
 * The columns that a migration adds to tables, such as `users.nick`. It skips what does not parse, like `changesOf`.
 */
export function addedColumns(text: string): string[] {
  const source = new SourceText("", text.replace(/^\uFEFF/, ""));
  return splitStatements(source, []).flatMap(({ parsed }) =>
    columnsIn(parsed.tree, "AT_AddColumn"),
  );
}

/** What a migration adds that code of a new release waits for: tables, columns, and values of enums. */
export function additionsIn(file: string, text: string): readonly Addition[] {
  const source = new SourceText(file, text.replace(/^\uFEFF/, ""));
  const statements = splitStatements(source, []);
  // A generated column is changed by dropping and adding it.
  const dropped = new Set(
    statements.flatMap(({ parsed }) => columnsIn(parsed.tree, "AT_DropColumn")),
  );
  return statements.flatMap(({ parsed, start }): Addition[] => {
    const { tree } = parsed;
    const added = columnsIn(tree, "AT_AddColumn").filter((name) => !dropped.has(name));
    const what = [
      ...createdTable(tree).map((name) => `table ${name}`),
      ...added.map((name) => `column ${name}`),
      ...valueIn(tree).map((value) => `value ${value}`),
    ];
    return what.map((one) => ({ what: one, line: source.line(start) }));
  });
}

interface Addition {
  /** In words: `column users.mail`. */
  readonly what: string;
  /** The 1-based line of its statement. */
  readonly line: number;
}

function createdTable(tree: Tree): string[] {
  const [statement, body] = unwrap(tree);
  if (statement !== "CreateStmt" || !isTree(body.relation)) return [];
  return [String(body.relation.relname)];
}

function renameIn(tree: Tree): RenamedObject[] {
  const [statement, body] = unwrap(tree);
  if (statement !== "RenameStmt" || typeof body.newname !== "string") return [];
  const kind = renameKinds[body.renameType as keyof typeof renameKinds];
  if (kind === undefined) return [];
  const relation = isTree(body.relation) ? String(body.relation.relname) : undefined;
  const to = body.newname;
  if (kind === "column" || kind === "policy")
    return relation === undefined
      ? []
      : [{ kind, table: relation, from: String(body.subname), to }];
  const from = relation ?? lastName(body.object);
  return from === undefined ? [] : [{ kind, from, to }];
}

function valueIn(tree: Tree): string[] {
  const [statement, body] = unwrap(tree);
  if (statement !== "AlterEnumStmt" || body.oldVal !== undefined) return [];
  return [`${stringsOf(body.typeName)?.at(-1)} '${body.newVal}'`];
}

function droppedTables(tree: Tree): string[] {
  const [statement, body] = unwrap(tree);
  if (statement !== "DropStmt" || body.removeType !== "OBJECT_TABLE") return [];
  return Array.isArray(body.objects) ? body.objects.flatMap((name) => lastName(name) ?? []) : [];
}

function columnsIn(tree: Tree, subtype: string): string[] {
  const [statement, body] = unwrap(tree);
  if (statement !== "AlterTableStmt" || !isTree(body.relation) || !Array.isArray(body.cmds))
    return [];
  const { relname } = body.relation;
  return body.cmds.flatMap((item: unknown) => {
    const command = isTree(item) && isTree(item.AlterTableCmd) ? item.AlterTableCmd : {};
    if (command.subtype !== subtype) return [];
    const definition =
      isTree(command.def) && isTree(command.def.ColumnDef) ? command.def.ColumnDef : {};
    return [`${relname}.${command.name ?? definition.colname}`];
  });
}

/** The name of the object in `{ List: { items: [schema, name] } }`. */
function lastName(object: unknown): string | undefined {
  const items = isTree(object) && isTree(object.List) ? object.List.items : undefined;
  return stringsOf(items)?.at(-1);
}
