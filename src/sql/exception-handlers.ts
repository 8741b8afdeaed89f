import type { Tree } from "./parser.ts";
import { isTree } from "./tree.ts";

/** SQLSTATEs of errors about existing objects, by their names in PL/pgSQL. Source: PostgreSQL, "Error Codes". */
const duplicates: Readonly<Record<string, string>> = {
  duplicate_column: "42701",
  duplicate_function: "42723",
  duplicate_object: "42710",
  duplicate_schema: "42P06",
  duplicate_table: "42P07",
};

const handled = new WeakMap<Tree, ReadonlySet<string>>();

/** The SQLSTATEs that the body around a statement ignores; `others` stands for all of them. */
export function statesHandledAround(tree: Tree): ReadonlySet<string> {
  return handled.get(tree) ?? new Set();
}

/** Records for the trees of a body's SQL which errors the body ignores around them. */
export function recordHandlers(body: Tree, trees: ReadonlyMap<string, Tree | undefined>): void {
  const found = new Map<string, ReadonlySet<string>>();
  visit(body, new Set(), found);
  for (const [query, states] of found) {
    const tree = trees.get(query);
    if (tree !== undefined && states.size > 0) handled.set(tree, states);
  }
}

/** @param found the ignored errors by the text of the SQL; for one in several places, those that all of them ignore */
function visit(
  value: unknown,
  around: ReadonlySet<string>,
  found: Map<string, ReadonlySet<string>>,
): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, around, found);
    return;
  }
  if (!isTree(value)) return;
  if (typeof value.query === "string") {
    const before = found.get(value.query);
    found.set(value.query, before === undefined ? around : common(before, around));
  }
  const ignored = value.exceptions === undefined ? [] : ignoredBy(value.exceptions);
  const inside = ignored.length === 0 ? around : new Set([...around, ...ignored]);
  for (const [key, child] of Object.entries(value))
    visit(child, key === "body" ? inside : around, found);
}

function common(left: ReadonlySet<string>, right: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...left].filter((state) => right.has(state)));
}

/** The conditions of `EXCEPTION WHEN ... THEN NULL`. */
function ignoredBy(exceptions: unknown): string[] {
  const block = isTree(exceptions) ? exceptions.PLpgSQL_exception_block : undefined;
  return listOf(isTree(block) ? block.exc_list : undefined).flatMap((item) => {
    const { conditions, action } = isTree(item.PLpgSQL_exception) ? item.PLpgSQL_exception : {};
    if (action !== undefined) return [];
    return listOf(conditions).flatMap(({ PLpgSQL_condition: condition }) => {
      const name = isTree(condition) ? String(condition.condname) : "";
      return duplicates[name] ?? name;
    });
  });
}

function listOf(value: unknown): Tree[] {
  return Array.isArray(value) ? value.filter(isTree) : [];
}

/** The SQLSTATE of a statement that creates an existing object; undefined for a statement that creates nothing. */
export function duplicateState(kind: string, body: Tree): string | undefined {
  if (kind === "AlterTableStmt") return duplicateCommand(body);
  if (/^Create(Enum|Range|Domain|Trig|Policy)Stmt$/.test(kind)) return duplicates.duplicate_object;
  if (/^(Create|CreateTableAs|CreateSeq|Index|View|CompositeType)Stmt$/.test(kind))
    return duplicates.duplicate_table;
  if (kind === "CreateFunctionStmt") return duplicates.duplicate_function;
  return kind === "CreateSchemaStmt" ? duplicates.duplicate_schema : undefined;
}

function duplicateCommand({ cmds }: Tree): string | undefined {
  const [command, ...more] = listOf(cmds).map(({ AlterTableCmd: one }) => (isTree(one) ? one : {}));
  if (command === undefined || more.length > 0) return undefined;
  if (command.subtype === "AT_AddColumn") return duplicates.duplicate_column;
  if (command.subtype !== "AT_AddConstraint") return undefined;
  const constraint = isTree(command.def) ? command.def.Constraint : undefined;
  const named = isTree(constraint) && typeof constraint.conname === "string";
  const isIndex = isTree(constraint) && /UNIQUE|EXCLUSION/.test(String(constraint.contype));
  if (!named || (isTree(constraint) && constraint.contype === "CONSTR_PRIMARY")) return undefined;
  return isIndex ? duplicates.duplicate_table : duplicates.duplicate_object;
}
