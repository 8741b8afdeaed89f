import type { MigrationPlace } from "../core/preflight.ts";
import type { Session } from "../postgres/session.ts";
import { isTree, stringsOf } from "../sql/tree.ts";
import { type PendingStatement, type Relation, relationNamed, relationOf } from "./statement.ts";

/** A name that must exist, or must not, when a pending statement runs. */
export interface NameCheck {
  readonly place: MigrationPlace;
  readonly kind: "relation" | "type" | "column" | "constraint";
  readonly relation: Relation;
  /** The name of a column or constraint. */
  readonly part: string | undefined;
  readonly mustExist: boolean;
  /** As in `column users.email`. */
  readonly label: string;
}

/**
 * The names that pending statements need or create. What an earlier pending statement creates, drops or renames is not
 * checked: the statement is then about another object.
 */
export function nameChecksOf(statements: readonly PendingStatement[]): NameCheck[] {
  const touched = new Set<string>();
  const seen = new Set<string>();
  const found: NameCheck[] = [];
  for (const pending of statements) {
    const needs = needsOf(pending);
    for (const one of needs) {
      if (one.part === undefined && seen.has(objectKey(one))) continue;
      if (touched.has(objectKey(one)) || touched.has(objectKey({ ...one, part: undefined })))
        continue;
      found.push({ ...one, place: pending.place, label: labelOf(one) });
    }
    // A table that is altered stays the same object. Its name is checked once.
    for (const one of needs)
      if (one.part !== undefined || !one.mustExist) touched.add(objectKey(one));
      else seen.add(objectKey(one));
    for (const one of alsoTouched(pending)) touched.add(objectKey(one));
    // An unknown part of the history may create or drop anything.
    if (["DoStmt", "CallStmt", ""].includes(pending.kind)) break;
  }
  return found;
}

type Need = Omit<NameCheck, "place" | "label">;

function objectKey({
  kind,
  relation: { schema, name },
  part,
}: Pick<Need, "kind" | "relation" | "part">): string {
  // Relations and types share their names, and so do the parts of both.
  const group = part === undefined ? "object" : kind;
  return JSON.stringify([group, schema ?? null, name, part ?? null]);
}

function labelOf({ kind, relation, part }: Need): string {
  const name =
    relation.schema === undefined ? relation.name : `${relation.schema}.${relation.name}`;
  return part === undefined ? `${kind} ${name}` : `${kind} ${name}.${part}`;
}

function needsOf(pending: PendingStatement): Need[] {
  const { kind, body } = pending;
  const isNew = (relation: Relation | undefined, what: "relation" | "type" = "relation"): Need[] =>
    relation === undefined || body.if_not_exists === true
      ? []
      : [{ kind: what, relation, part: undefined, mustExist: false }];
  switch (kind) {
    case "CreateStmt":
      return isNew(relationOf(body.relation));
    case "CreateTableAsStmt":
      return isNew(relationOf(isTree(body.into) ? body.into.rel : undefined));
    case "ViewStmt":
      return body.replace === true ? [] : isNew(relationOf(body.view));
    case "CreateSeqStmt":
      return isNew(relationOf(body.sequence));
    case "CreateEnumStmt":
      return isNew(relationNamed(stringsOf(body.typeName) ?? []), "type");
    case "IndexStmt":
      return [...existing(relationOf(body.relation)), ...newIndex(pending)];
    case "AlterTableStmt":
      return tableNeeds(pending);
    case "DropStmt":
      return dropNeeds(pending);
    default:
      return [];
  }
}

function existing(relation: Relation | undefined, kind: "relation" | "type" = "relation"): Need[] {
  return relation === undefined ? [] : [{ kind, relation, part: undefined, mustExist: true }];
}

/** An index is in the schema of its table. What an interrupted CONCURRENTLY has left is removed by the next attempt. */
function newIndex({ body, statement }: PendingStatement): Need[] {
  const table = relationOf(body.relation);
  const isTolerant = body.if_not_exists === true || statement.concurrently !== undefined;
  if (typeof body.idxname !== "string" || table === undefined || isTolerant) return [];
  const relation = { ...table, name: body.idxname };
  return [{ kind: "relation", relation, part: undefined, mustExist: false }];
}

function tableNeeds(pending: PendingStatement): Need[] {
  const { body } = pending;
  const table = relationOf(body.relation);
  if (table === undefined || body.missing_ok === true) return [];
  const part = (kind: "column" | "constraint", name: unknown, mustExist: boolean): Need[] =>
    typeof name === "string" && name !== ""
      ? [{ kind, relation: table, part: name, mustExist }]
      : [];
  const needs = pending.commands.flatMap(({ subtype, name, definition, isTolerant }) => {
    if (isTolerant) return [];
    if (subtype === "AT_AddColumn") return part("column", definition.colname, false);
    if (subtype === "AT_AddConstraint") return part("constraint", definition.conname, false);
    if (/^AT_(DropConstraint|ValidateConstraint)$/.test(subtype))
      return part("constraint", name, true);
    return /^AT_(DropColumn|SetNotNull|DropNotNull|ColumnDefault|AlterColumnType|SetStatistics)$/.test(
      subtype,
    )
      ? part("column", name, true)
      : [];
  });
  return [...existing(table), ...needs];
}

const dropped: Readonly<Record<string, "relation" | "type">> = {
  ...{ OBJECT_TABLE: "relation", OBJECT_INDEX: "relation", OBJECT_VIEW: "relation" },
  ...{
    OBJECT_MATVIEW: "relation",
    OBJECT_SEQUENCE: "relation",
    OBJECT_TYPE: "type",
    OBJECT_DOMAIN: "type",
  },
};

/** The relations and types that a DROP names. */
export function droppedBy({ kind, body }: Pick<PendingStatement, "kind" | "body">): {
  readonly kind: "relation" | "type";
  readonly relation: Relation;
}[] {
  const what = kind === "DropStmt" ? dropped[String(body.removeType)] : undefined;
  if (what === undefined) return [];
  return (Array.isArray(body.objects) ? body.objects : []).flatMap((object: unknown) => {
    const { List: list, TypeName: type } = isTree(object) ? object : {};
    const names = stringsOf(isTree(list) ? list.items : isTree(type) ? type.names : undefined);
    return names === undefined ? [] : [{ kind: what, relation: relationNamed(names) }];
  });
}

function dropNeeds(pending: PendingStatement): Need[] {
  if (pending.body.missing_ok === true) return [];
  return droppedBy(pending).flatMap(({ kind, relation }) => existing(relation, kind));
}

/** What a statement creates or changes without a check. */
function alsoTouched(pending: PendingStatement): Pick<Need, "kind" | "relation" | "part">[] {
  const { kind, body } = pending;
  const touch = (relation: Relation | undefined, part?: string, what: Need["kind"] = "relation") =>
    relation === undefined ? [] : [{ kind: what, relation, part }];
  if (kind === "CreateStmt") return touch(relationOf(body.relation));
  if (kind === "DropStmt") return droppedBy(pending).flatMap(({ relation }) => touch(relation));
  if (kind === "RenameStmt") {
    const table = relationOf(body.relation);
    const isColumn = body.renameType === "OBJECT_COLUMN";
    return [body.subname, body.newname].flatMap((name) => {
      if (table === undefined || typeof name !== "string") return [];
      return isColumn ? touch(table, name, "column") : touch({ ...table, name });
    });
  }
  return [];
}

/** A check that fails in a schema. */
export interface WrongName {
  readonly schema: string;
  readonly check: NameCheck;
}

/** Finds in which schemas names are missing that must exist, or exist that must not. One query for all schemas. */
export async function findWrongNames(
  session: Session,
  schemas: readonly string[],
  sharedSchemas: readonly string[],
  checks: readonly NameCheck[],
): Promise<WrongName[]> {
  if (schemas.length === 0 || checks.length === 0) return [];
  const asked = checks.map(({ kind, relation, part, mustExist }, index) => ({
    ...{
      index,
      kind,
      name: relation.name,
      place: relation.schema ?? null,
      part: part ?? null,
      mustExist,
    },
    // A new object comes into the first schema of the search_path.
    shared: mustExist && relation.schema === undefined,
  }));
  const rows = await session.query<{ schema: string; index: number }>(
    `SELECT s.schema, w.index FROM unnest($1::text[]) AS s(schema)
       CROSS JOIN jsonb_to_recordset($3::jsonb) AS w(index integer, kind text, name text, place text, part text, "mustExist" boolean, shared boolean)
     WHERE "mustExist" <> EXISTS (
       SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY(
         CASE WHEN w.place IS NOT NULL THEN ARRAY[w.place] WHEN w.shared THEN s.schema || $2::text[] ELSE ARRAY[s.schema] END)
       AND CASE w.kind
         WHEN 'type' THEN EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.typnamespace = n.oid AND t.typname = w.name)
         WHEN 'relation' THEN EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND c.relname = w.name)
         WHEN 'column' THEN EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
           WHERE c.relnamespace = n.oid AND c.relname = w.name AND a.attname = w.part AND NOT a.attisdropped)
         ELSE EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_constraint o ON o.conrelid = c.oid
           WHERE c.relnamespace = n.oid AND c.relname = w.name AND o.conname = w.part) END)`,
    [schemas, sharedSchemas, JSON.stringify(asked)],
  );
  return rows.flatMap(({ schema, index }) => {
    const check = checks[index];
    return check === undefined ? [] : { schema, check };
  });
}
