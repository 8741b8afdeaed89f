import type { ConcurrentWork } from "../core/migration.ts";
import type { Tree } from "./parser.ts";
import type { SourceSchema } from "./source-schema.ts";
import { isTree, optionOf, stringsOf, unwrap, walk } from "./tree.ts";

/** How a statement must be run. */
export interface Classification {
  /** False for what PostgreSQL refuses inside a transaction block. */
  readonly transactional: boolean;
  /** BEGIN or COMMIT: it is not run, but ends the segment before it. */
  readonly boundary: boolean;
  /** The value that ALTER TYPE ... ADD VALUE adds. It cannot be used before a commit. */
  readonly enumValue?: string;
  readonly concurrently?: ConcurrentWork;
  /** The extension that the statement creates. */
  readonly extension?: string;
}

/**
 * Reads from the parse tree how a statement must be run. Source for the statements that PostgreSQL refuses inside a
 * transaction block: the reference pages of its SQL commands ("cannot be executed inside a transaction block").
 */
export function classify(tree: Tree, source: SourceSchema): Classification {
  const [kind, body] = unwrap(tree);
  const concurrently = concurrentWork(kind, body, source);
  return {
    transactional: concurrently === undefined && !runsOutside(kind, body),
    boundary: kind === "TransactionStmt",
    ...(kind === "AlterEnumStmt" && typeof body.newVal === "string" && body.oldVal === undefined
      ? { enumValue: body.newVal }
      : {}),
    ...(concurrently === undefined ? {} : { concurrently }),
    ...(kind === "CreateExtensionStmt" ? { extension: String(body.extname) } : {}),
  };
}

function concurrentWork(
  kind: string,
  body: Tree,
  source: SourceSchema,
): ConcurrentWork | undefined {
  if (kind === "IndexStmt" && body.concurrent === true) {
    const name = typeof body.idxname === "string" ? body.idxname : "";
    const { schema } = relationOf(body.relation, source);
    return { action: "createIndex", ...schema, name, tolerant: body.if_not_exists === true };
  }
  if (kind === "DropStmt" && body.concurrent === true) {
    const [object] = Array.isArray(body.objects) ? body.objects : [];
    const names = isTree(object) && isTree(object.List) ? stringsOf(object.List.items) : undefined;
    const [name = "", schemaName] = [...(names ?? [])].reverse();
    const schema = schemaOf("schema", schemaName, source);
    return { action: "dropIndex", ...schema, name, tolerant: body.missing_ok === true };
  }
  if (kind === "ReindexStmt" && optionOf(body.params, "concurrently") !== undefined) {
    if (!isTree(body.relation))
      return { action: "reindex", object: "schema", ...schemaOf("schema", body.name, source) };
    const { schema, name } = relationOf(body.relation, source);
    return { action: "reindex", object: "relation", ...schema, name };
  }
  return kind === "AlterTableStmt" ? concurrentDetach(body, source) : undefined;
}

function concurrentDetach(body: Tree, source: SourceSchema): ConcurrentWork | undefined {
  let partition: unknown;
  walk(body.cmds, (node, key) => {
    if (key === "PartitionCmd" && node.concurrent === true) partition = node.name;
  });
  if (partition === undefined) return undefined;
  const [parent, child] = [relationOf(body.relation, source), relationOf(partition, source)];
  return {
    action: "detach",
    ...schemaOf("tableSchema", parent.schema.schema, source),
    table: parent.name,
    ...schemaOf("partitionSchema", child.schema.schema, source),
    partition: child.name,
  };
}

function relationOf(
  node: unknown,
  source: SourceSchema,
): { name: string; schema: { schema?: string } } {
  const { relname, schemaname } = isTree(node) ? node : {};
  return {
    name: typeof relname === "string" ? relname : "",
    schema: schemaOf("schema", schemaname, source),
  };
}

/** A schema other than the tenant's. Migrations name the tenant's by its source schema, or not at all. */
function schemaOf<Key extends string>(
  key: Key,
  name: unknown,
  source: SourceSchema,
): { [key in Key]?: string } {
  const other = typeof name === "string" && !source.has(name) && name !== "";
  return (other ? { [key]: name } : {}) as { [key in Key]?: string };
}

function runsOutside(kind: string, body: Tree): boolean {
  if (kind === "VacuumStmt") return body.is_vacuumcmd === true;
  // REINDEX SCHEMA rebuilds the indexes of each table in a separate transaction.
  return kind === "ReindexStmt" && body.kind === "REINDEX_OBJECT_SCHEMA";
}
