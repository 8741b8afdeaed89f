import type { Statement } from "../core/migration.ts";
import type { Tree } from "./parser.ts";
import { isTree, namesOf, optionOf, unwrap, walk } from "./tree.ts";

type ConcurrentIndex = NonNullable<Statement["concurrentIndex"]>;

/** What a statement asks of the transaction it runs in. */
export interface Classification {
  readonly transactional: boolean;
  /** BEGIN or COMMIT: not run itself, it ends what came before. */
  readonly boundary: boolean;
  /** The value that ALTER TYPE ... ADD VALUE adds; it cannot be used before a commit. */
  readonly enumValue?: string;
  readonly concurrentIndex?: ConcurrentIndex;
  /** The extension that the statement creates. */
  readonly extension?: string;
}

/**
 * Reads from the parse tree how a statement must be run. Which statements PostgreSQL refuses inside a
 * transaction block is said in its reference, page by page ("cannot be executed inside a transaction block").
 */
export function classify(tree: Tree): Classification {
  const [kind, body] = unwrap(tree);
  const concurrentIndex = concurrentIndexOf(kind, body);
  return {
    transactional: concurrentIndex === undefined && !runsOutside(kind, body),
    boundary: kind === "TransactionStmt",
    ...(kind === "AlterEnumStmt" && typeof body.newVal === "string" && body.oldVal === undefined
      ? { enumValue: body.newVal }
      : {}),
    ...(concurrentIndex === undefined ? {} : { concurrentIndex }),
    ...(kind === "CreateExtensionStmt" ? { extension: String(body.extname) } : {}),
  };
}

function concurrentIndexOf(kind: string, body: Tree): ConcurrentIndex | undefined {
  if (kind === "IndexStmt" && body.concurrent === true) {
    return {
      action: "create",
      name: typeof body.idxname === "string" ? body.idxname : "",
      tolerant: body.if_not_exists === true,
    };
  }
  if (kind === "DropStmt" && body.concurrent === true) {
    const [object] = Array.isArray(body.objects) ? body.objects : [];
    const names = isTree(object) && isTree(object.List) ? namesOf(object.List.items) : undefined;
    return { action: "drop", name: names?.at(-1) ?? "", tolerant: body.missing_ok === true };
  }
  return undefined;
}

function runsOutside(kind: string, body: Tree): boolean {
  if (kind === "VacuumStmt") return body.is_vacuumcmd === true;
  if (kind === "ReindexStmt") return optionOf(body.params, "concurrently") !== undefined;
  if (kind === "AlterTableStmt") return detachesConcurrently(body);
  return false;
}

function detachesConcurrently(body: Tree): boolean {
  let found = false;
  walk(body.cmds, (node, key) => {
    if (key === "PartitionCmd" && node.concurrent === true) found = true;
  });
  return found;
}
