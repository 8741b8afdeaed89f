import { ledgerName } from "../core/ledger.ts";
import { catalogNamed } from "./builtins/catalog-columns.ts";
import { callRuleOf, isReachingExtensionFunction } from "./builtins/functions.ts";
import { isReadableCatalog, isReadableInformation } from "./builtins/relations.ts";
import { isPlaceholder } from "./literals.ts";
import type { Tree } from "./parser.ts";
import type { SourceSchema } from "./source-schema.ts";
import { isSystemRelation, isSystemSchema, systemObjects } from "./system-objects.ts";
import { isTree, stringOf, stringsOf, walk } from "./tree.ts";

/** What a statement reaches by other means than the schemas it names. */
export interface Reach {
  /** The kinds of all statements in it: its own, and those in rules, CTEs and bodies that the grammar parses. */
  readonly kinds: ReadonlySet<string>;
  /** PostgreSQL's own objects that it targets. */
  readonly systemObjects: readonly string[];
  /** True if it spells the ledger's name, whatever it means there. */
  readonly ledger: boolean;
  /** True if it reads a catalog that lists the objects of all schemas. */
  readonly readsCatalogs: boolean;
  /** The built-in functions and catalogs through which it may read or change what is not the tenant's, in words. */
  readonly suspicions: readonly string[];
}

interface Found {
  readonly source: SourceSchema;
  readonly kinds: Set<string>;
  readonly systemObjects: string[];
  readonly suspicions: string[];
  ledger: boolean;
  readsCatalogs: boolean;
}

const known = new WeakMap<Tree, Reach>();

/** Searches a statement's tree for functions, relations and statements at any depth. */
export function reachOf(tree: Tree, source: SourceSchema): Reach {
  const before = known.get(tree);
  if (before !== undefined) return before;
  const found: Found = {
    source,
    kinds: new Set(),
    systemObjects: [],
    suspicions: [],
    ledger: false,
    readsCatalogs: false,
  };
  visit(tree, { key: "", place: "", owner: "" }, found);
  known.set(tree, found);
  return found;
}

/** Fields whose relations are only read. In any other field, a relation is what the statement targets. */
const readingPlaces = new Set(["fromClause", "usingClause", "larg", "rarg", "sourceRelation"]);

/** Where a node is in its tree. */
interface Position {
  /** The node's type, or the field that holds it. */
  readonly key: string;
  /** The innermost field around it. */
  readonly place: string;
  /** The innermost type around that field. */
  readonly owner: string;
}

function visit(node: object, position: Position, found: Found): void {
  if (Array.isArray(node)) {
    for (const item of node)
      if (typeof item === "object" && item !== null) visit(item, position, found);
      else if (typeof item === "string") inspectText(item, found);
    return;
  }
  const tree = node as Tree;
  const { key, owner } = position;
  const isType = /^[A-Z]/.test(key);
  const place = isType ? position.place : key;
  if (isType) inspectNode(tree, key, found);
  inspectAnywhere(tree, place, owner, found);
  for (const name in tree) {
    const child = tree[name];
    if (typeof child === "string") inspectText(child, found);
    else if (typeof child === "object" && child !== null)
      visit(child, { key: name, place, owner: isType ? key : owner }, found);
  }
}

function inspectText(text: string, found: Found): void {
  if (text.includes(ledgerName)) found.ledger = true;
}

function inspectNode(node: Tree, type: string, found: Found): void {
  if (type === "FuncCall") inspectCall(node, found);
  if (!type.endsWith("Stmt")) return;
  found.kinds.add(type);
  found.systemObjects.push(...systemObjects(type, node));
  for (const name of functionsNamedIn(type, node)) inspectFunction(name, false, found);
  if (type === "ViewStmt") inspectView(node, found);
}

/** In a field of a fixed type the tree omits the type's name: these nodes are recognized by their fields. */
function inspectAnywhere(node: Tree, place: string, owner: string, found: Found): void {
  if (typeof node.relname === "string" && isSystemRelation(node)) {
    const reads = readingPlaces.has(place) || owner === "TableLikeClause";
    if (reads) inspectReading(node, found);
    else found.systemObjects.push(nameOf(node));
  }
  if (place === "funccall") inspectCall(node, found);
  for (const name of attributesIn(node)) inspectFunction([name], false, found);
  // FOR UPDATE and the like target the rows that they lock.
  if (node.lockingClause !== undefined)
    walk(node.fromClause, (part) => {
      if (typeof part.relname === "string" && isSystemRelation(part))
        found.systemObjects.push(nameOf(part));
    });
}

/**
 * A name after a dot can be a function instead of a column: `(x).f` and `t.f` call f with one argument. Two refused
 * functions are left out, because columns have their names, and because they cannot be called like this.
 */
function attributesIn(node: Tree): string[] {
  const list = Array.isArray(node.fields) ? node.fields.slice(1) : node.indirection;
  const names = (Array.isArray(list) ? list : []).flatMap((part) => stringOf(part) ?? []);
  return names.filter((name) => name !== "system" && name !== "bernoulli");
}

function nameOf({ schemaname, relname }: Tree): string {
  return schemaname === undefined ? String(relname) : `${String(schemaname)}.${String(relname)}`;
}

function inspectReading(node: Tree, found: Found): void {
  const name = String(node.relname);
  const schema = typeof node.schemaname === "string" ? node.schemaname : undefined;
  const readable =
    schema === "information_schema" ? isReadableInformation(name) : isReadableCatalog(name);
  if (!readable)
    found.suspicions.push(`${nameOf(node)} can reveal data of other tenants or of the server`);
  else if (catalogNamed(name, schema) !== undefined) found.readsCatalogs = true;
}

function inspectCall(node: Tree, found: Found): void {
  const names = stringsOf(node.funcname);
  if (names !== undefined) inspectFunction(names, true, found);
}

/** @param called false if the function is only named, so that its arguments are unknown */
function inspectFunction(names: readonly string[], called: boolean, found: Found): void {
  const [name = "", schema] = [...names].reverse();
  if (found.source.has(schema) || isPlaceholder(schema ?? "")) return;
  if (isReachingExtensionFunction(name))
    found.suspicions.push(
      `the extension function ${name}() may access more than the tenant schema`,
    );
  if (schema !== undefined && !isSystemSchema(schema)) return;
  const rule = callRuleOf(name);
  if (rule === "free" || (rule === "called" && called)) return;
  if (rule === undefined && schema === undefined) return;
  found.suspicions.push(`the built-in function ${name}() may access more than the tenant schema`);
}

/** Options of CREATE AGGREGATE, OPERATOR, TYPE and FUNCTION, and of ALTER OPERATOR and TYPE, that name a function. */
const functionOptions =
  /^(sfunc\d?|finalfunc\d?|combinefunc|serialfunc|deserialfunc|msfunc|minvfunc|mfinalfunc|function|procedure|restrict|join|input|output|receive|send|typmod_in|typmod_out|analyze|subscript|canonical|subtype_diff|support)$/i;

/** Functions that a statement names without calling them. */
function functionsNamedIn(type: string, body: Tree): string[][] {
  if (type === "CreateTrigStmt") return [stringsOf(body.funcname) ?? []];
  const options = body.definition ?? body.params ?? body.options;
  if (!/^(Define|CreateRange|AlterType|AlterOperator|CreateFunction|AlterFunction)Stmt$/.test(type))
    return [];
  return (Array.isArray(options) ? options : []).flatMap((option) => {
    const { defname, arg } = isTree(option) && isTree(option.DefElem) ? option.DefElem : {};
    if (typeof defname !== "string" || !functionOptions.test(defname)) return [];
    const names = isTree(arg) ? optionNames(arg) : undefined;
    return names === undefined ? [] : [names];
  });
}

/** The name in an option can be a type, a list or a string. */
function optionNames(arg: Tree): string[] | undefined {
  if (isTree(arg.TypeName)) return stringsOf(arg.TypeName.names);
  if (isTree(arg.List)) return stringsOf(arg.List.items);
  const text = stringOf(arg);
  return text === undefined ? undefined : [text];
}

/**
 * PostgreSQL passes a write to a simple view on to the relation that the view selects from, even to pg_settings, where it
 * is a SET. A view that selects from a subquery is not simple.
 */
function inspectView({ query }: Tree, found: Found): void {
  const select = isTree(query) && isTree(query.SelectStmt) ? query.SelectStmt : {};
  const [from, ...more] = Array.isArray(select.fromClause) ? select.fromClause : [];
  const relation = isTree(from) && isTree(from.RangeVar) ? from.RangeVar : undefined;
  if (relation === undefined || more.length > 0 || !isSystemRelation(relation)) return;
  found.systemObjects.push(`${nameOf(relation)}, through an updatable view`);
}
