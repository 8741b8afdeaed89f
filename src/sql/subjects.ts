import type { Tree } from "./parser.ts";
import { isTree, stringsOf, unwrap, walk } from "./tree.ts";

/** An object that a statement creates, changes or drops. */
export interface Subject {
  readonly kind: string;
  /** The table of an object that belongs to one. */
  readonly table?: string;
  /** Qualified with its schema, if that is not the tenant's. */
  readonly name: string;
}

/**
 * The objects that a statement creates, changes or drops, without those that it only refers to. A statement that
 * changes rows has its table as a subject of the kind `rows`.
 *
 * @param sources the names that the statement uses for the tenant's schema
 */
export function subjectsOf(tree: Tree, sources: readonly string[]): Subject[] {
  const [statement, body] = unwrap(tree);
  const own = (name: string) => withoutSource(name, sources);
  return (readers[statement]?.(body) ?? []).map(({ kind, table, name }) => ({
    kind,
    ...(table === undefined ? {} : { table: own(table) }),
    name: own(name),
  }));
}

function withoutSource(name: string, sources: readonly string[]): string {
  const source = sources.find((schema) => name.startsWith(`${schema}.`));
  return source === undefined ? name : name.slice(source.length + 1);
}

/** True if two subjects are the same, or one is the table of the other. */
export function overlap(left: Subject, right: Subject): boolean {
  if (isTable(left)) return left.name === (isTable(right) ? right.name : right.table);
  if (isTable(right)) return right.name === left.table;
  if (left.kind !== right.kind) return false;
  // An index is dropped without naming its table, and a constraint can be added without a name.
  if (left.kind === "index") return left.name === right.name;
  const isUnnamed = left.kind === "constraint" && [left.name, right.name].includes("");
  return left.table === right.table && (isUnnamed || left.name === right.name);
}

function isTable({ kind }: Subject): boolean {
  return kind === "table";
}

/** The types that a statement gives to columns, or casts to. For `sources`, see `subjectsOf`. */
export function typesIn(tree: Tree, sources: readonly string[]): string[] {
  const found: string[] = [];
  walk(tree, (node, key) => {
    if (key !== "typeName" && key !== "TypeName") return;
    const names = stringsOf(node.names);
    if (names !== undefined && names[0] !== "pg_catalog")
      found.push(withoutSource(qualified(names), sources));
  });
  return found;
}

const readers: Readonly<Record<string, (body: Tree) => Subject[]>> = {
  CreateStmt: ({ relation }) => tableOf(relation),
  CreateTableAsStmt: ({ into, objtype }) =>
    isTree(into) ? [{ kind: relationKind(objtype), name: relationName(into.rel) }] : [],
  AlterTableStmt: alterTable,
  RenameStmt: rename,
  DropStmt: drop,
  IndexStmt: ({ idxname, relation }) => [
    { kind: "index", table: relationName(relation), name: String(idxname) },
  ],
  CreateEnumStmt: typeNamed,
  AlterEnumStmt: typeNamed,
  CompositeTypeStmt: ({ typevar }) => [{ kind: "type", name: relationName(typevar) }],
  CreateDomainStmt: ({ domainname }) => [{ kind: "type", name: qualified(stringsOf(domainname)) }],
  AlterDomainStmt: typeNamed,
  CreateSeqStmt: ({ sequence }) => [{ kind: "sequence", name: relationName(sequence) }],
  AlterSeqStmt: ({ sequence }) => [{ kind: "sequence", name: relationName(sequence) }],
  ViewStmt: ({ view }) => [{ kind: "view", name: relationName(view) }],
  CreatePolicyStmt: policy,
  AlterPolicyStmt: policy,
  CreateTrigStmt: ({ trigname, relation }) => [
    { kind: "trigger", table: relationName(relation), name: String(trigname) },
  ],
  CreateFunctionStmt: ({ funcname }) => [
    { kind: "function", name: qualified(stringsOf(funcname)) },
  ],
  CreateSchemaStmt: ({ schemaname }) => [{ kind: "schema", name: String(schemaname) }],
  CreateRoleStmt: ({ role }) => [{ kind: "role", name: String(role) }],
  AlterRoleStmt: ({ role }) => [{ kind: "role", name: roleName(role) }],
  CommentStmt: ({ objtype, object }) => [
    { kind: kindOf(objtype), ...named(kindOf(objtype), itemsOf(object)) },
  ],
  InsertStmt: rows,
  UpdateStmt: rows,
  DeleteStmt: rows,
  MergeStmt: rows,
};

function alterTable({ relation, cmds, objtype }: Tree): Subject[] {
  const name = relationName(relation);
  const kind = relationKind(objtype);
  if (kind !== "table") return [{ kind, name }];
  const subjects = (Array.isArray(cmds) ? cmds : []).map((item) => commandOf(name, item));
  return subjects.length === 0 ? [{ kind, name }] : subjects;
}

function commandOf(table: string, item: unknown): Subject {
  const command = isTree(item) && isTree(item.AlterTableCmd) ? item.AlterTableCmd : {};
  const { subtype, name, def } = command;
  const [, definition] = isTree(def) ? unwrap(def) : [];
  if (subtype === "AT_AddConstraint" || subtype === "AT_DropConstraint")
    return { kind: "constraint", table, name: String(name ?? definition?.conname ?? "") };
  const column = name ?? (subtype === "AT_AddColumn" ? definition?.colname : undefined);
  return column === undefined
    ? { kind: "option", table, name: String(subtype).replace(/^AT_|Disable|Enable/g, "") }
    : { kind: "column", table, name: String(column) };
}

function rename({ renameType, relation, subname, newname, object }: Tree): Subject[] {
  const kind = kindOf(renameType);
  const table = isTree(relation) ? relationName(relation) : undefined;
  if (subname !== undefined && table !== undefined)
    return [subname, newname].map((name) => ({
      kind: renameType === "OBJECT_TABCONSTRAINT" ? "constraint" : kind,
      table,
      name: String(name),
    }));
  const from = table ?? named(kind, itemsOf(object)).name;
  return [
    { kind, name: from },
    { kind, name: from.replace(/[^.]*$/, () => String(newname)) },
  ];
}

function drop({ removeType, objects }: Tree): Subject[] {
  const kind = kindOf(removeType);
  return (Array.isArray(objects) ? objects : []).map((object) => ({
    kind,
    ...named(kind, itemsOf(object)),
  }));
}

function typeNamed({ typeName }: Tree): Subject[] {
  return [{ kind: "type", name: qualified(stringsOf(typeName)) }];
}

function policy({ policy_name, table }: Tree): Subject[] {
  return [{ kind: "policy", table: relationName(table), name: String(policy_name) }];
}

function rows({ relation }: Tree): Subject[] {
  return [{ kind: "rows", name: relationName(relation) }];
}

function tableOf(relation: unknown): Subject[] {
  return [{ kind: "table", name: relationName(relation) }];
}

function relationName(relation: unknown): string {
  const { schemaname, relname } = isTree(relation) ? relation : {};
  return qualified([
    ...(typeof schemaname === "string" ? [schemaname] : []),
    ...(typeof relname === "string" ? [relname] : []),
  ]);
}

function qualified(names: readonly string[] | undefined): string {
  return (names ?? []).join(".");
}

function relationKind(objtype: unknown): string {
  const kind = kindOf(objtype);
  return kind === "" ? "table" : kind;
}

/** `OBJECT_MATVIEW` and `OBJECT_VIEW` are one kind, and so are types, domains and enums. */
function kindOf(objtype: unknown): string {
  const kind = String(objtype ?? "")
    .replace("OBJECT_", "")
    .toLowerCase();
  const same: Readonly<Record<string, string>> = {
    matview: "view",
    domain: "type",
    attribute: "type",
    tabconstraint: "constraint",
    procedure: "function",
    routine: "function",
  };
  return same[kind] ?? kind;
}

/** Policies, triggers, rules, columns and constraints are named with their table in front. */
function named(kind: string, names: readonly string[]): Omit<Subject, "kind"> {
  if (!["policy", "trigger", "rule", "column", "constraint"].includes(kind))
    return { name: qualified(names) };
  return { table: qualified(names.slice(0, -1)), name: names.at(-1) ?? "" };
}

function itemsOf(object: unknown): readonly string[] {
  if (!isTree(object)) return [];
  const [, body] = unwrap(object);
  return (
    stringsOf(body.items) ??
    stringsOf(body.names) ??
    stringsOf(body.objname) ?? [String(body.sval ?? "")]
  );
}

function roleName(role: unknown): string {
  return isTree(role) ? String(role.rolename ?? "") : "";
}
