import type { Tree } from "./parser.ts";

export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A statement's kind and node: `{ CreateStmt: {...} }` gives `["CreateStmt", {...}]`. */
export function unwrap(tree: Tree): readonly [kind: string, body: Tree] {
  const [kind = "", body] = Object.entries(tree)[0] ?? [];
  return [kind, isTree(body) ? body : {}];
}

/** The value of a `String` node. */
export function stringOf(node: unknown): string | undefined {
  if (!isTree(node) || !isTree(node.String)) return undefined;
  const value = node.String.sval;
  return typeof value === "string" ? value : undefined;
}

/** The values of a list of `String` nodes, which are usually the parts of a name; undefined for any other list. */
export function stringsOf(list: unknown): string[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const names = list.map(stringOf);
  return names.every((name) => name !== undefined) ? names : undefined;
}

/** The node of the option with this name in a list of `{ DefElem: { defname, arg } }`. */
export function optionOf(options: unknown, name: string): Tree | undefined {
  for (const option of Array.isArray(options) ? options : []) {
    if (isTree(option) && isTree(option.DefElem) && option.DefElem.defname === name)
      return option.DefElem;
  }
  return undefined;
}

/** Visits every object of a tree, parents first, with the key that holds it. */
export function walk(value: unknown, visit: (node: Tree, key: string) => void, key = ""): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit, key);
  } else if (isTree(value)) {
    visit(value, key);
    for (const [name, child] of Object.entries(value)) walk(child, visit, name);
  }
}
