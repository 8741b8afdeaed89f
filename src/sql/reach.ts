import { ledgerName } from "../core/ledger.ts";
import { catalogNamed } from "./builtins/catalog-columns.ts";
import { isReachingExtensionFunction, standingOf } from "./builtins/functions.ts";
import { isReadableCatalog, isReadableInformation } from "./builtins/relations.ts";
import { isSystemRelation, isSystemSchema, systemObjects } from "./catalog-targets.ts";
import { isPlaceholder } from "./literals.ts";
import type { Tree } from "./parser.ts";
import type { SourceSchema } from "./source-schema.ts";
import { isTree, namesOf, stringOf, walk } from "./tree.ts";

/** What a statement reaches by other ways than the schemas it names. */
export interface Reach {
  /** Kinds of all statements in it: its own, those of a rule, of a CTE, of a body that is parsed with it. */
  readonly kinds: ReadonlySet<string>;
  /** What it works on although it is PostgreSQL's own. */
  readonly systemObjects: readonly string[];
  /** True when it names the ledger, as whatever. */
  readonly ledger: boolean;
  /** True when it reads a catalog that lists the objects of all schemas. */
  readonly readsCatalogs: boolean;
  /** Built-in functions, and catalogs it reads, that may show or change what is not the tenant's; in words. */
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

/** Looks through a statement's tree, wherever in it a function, a relation or a statement may stand. */
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
  visit(tree, "", "", "", found);
  known.set(tree, found);
  return found;
}

/** Fields whose relations are only read. Everything that holds a relation elsewhere works on it. */
const readingPlaces = new Set(["fromClause", "usingClause", "larg", "rarg", "sourceRelation"]);

/**
 * @param key what the node stands under: its type, or the field that holds it
 * @param place the innermost field around it
 * @param owner the innermost type around that field
 */
function visit(node: object, key: string, place: string, owner: string, found: Found): void {
  if (Array.isArray(node)) {
    for (const item of node)
      if (typeof item === "object" && item !== null) visit(item, key, place, owner, found);
      else if (typeof item === "string") inspectText(item, found);
    return;
  }
  const tree = node as Tree;
  const isType = /^[A-Z]/.test(key);
  if (isType) inspectNode(tree, key, found);
  inspectAnywhere(tree, isType ? place : key, owner, found);
  for (const name in tree) {
    const child = tree[name];
    if (typeof child === "string") inspectText(child, found);
    else if (typeof child === "object" && child !== null)
      visit(child, name, isType ? place : key, isType ? key : owner, found);
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

/** Fields of a fixed type have no type's name around them: these are known by what they hold. */
function inspectAnywhere(node: Tree, place: string, owner: string, found: Found): void {
  if (typeof node.relname === "string" && isSystemRelation(node)) {
    const reads = readingPlaces.has(place) || owner === "TableLikeClause";
    if (reads) inspectReading(node, found);
    else found.systemObjects.push(nameOf(node));
  }
  if (place === "funccall") inspectCall(node, found);
  for (const name of attributesIn(node)) inspectFunction([name], false, found);
  // Locked rows are worked on.
  if (node.lockingClause !== undefined)
    walk(node.fromClause, (part) => {
      if (typeof part.relname === "string" && isSystemRelation(part))
        found.systemObjects.push(nameOf(part));
    });
}

/**
 * What stands after a dot may be a function instead of a column: `(x).f` and `t.f` call f with one argument. Of a row's
 * own columns none has the name of a function that is refused, but for these two, which cannot be called.
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
    found.suspicions.push(`what ${nameOf(node)} shows of other tenants or of the server`);
  else if (catalogNamed(name, schema) !== undefined) found.readsCatalogs = true;
}

function inspectCall(node: Tree, found: Found): void {
  const names = namesOf(node.funcname);
  if (names !== undefined) inspectFunction(names, true, found);
}

/** @param called false where a function is only named, so that its arguments are not to be seen */
function inspectFunction(names: readonly string[], called: boolean, found: Found): void {
  const [name = "", schema] = [...names].reverse();
  if (found.source.has(schema) || isPlaceholder(schema ?? "")) return;
  if (isReachingExtensionFunction(name))
    found.suspicions.push(`what the function ${name}() of an extension can reach`);
  if (schema !== undefined && !isSystemSchema(schema)) return;
  const standing = standingOf(name);
  if (standing === "free" || (standing === "called" && called)) return;
  if (standing === undefined && schema === undefined) return;
  found.suspicions.push(`what the built-in function ${name}() can reach`);
}

/** Options of CREATE AGGREGATE, OPERATOR, TYPE and FUNCTION, and of ALTER OPERATOR and TYPE, that name a function. */
const functionOptions =
  /^(sfunc\d?|finalfunc\d?|combinefunc|serialfunc|deserialfunc|msfunc|minvfunc|mfinalfunc|function|procedure|restrict|join|input|output|receive|send|typmod_in|typmod_out|analyze|subscript|canonical|subtype_diff|support)$/i;

/** Functions that a statement names without calling them. */
function functionsNamedIn(type: string, body: Tree): string[][] {
  if (type === "CreateTrigStmt") return [namesOf(body.funcname) ?? []];
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

/** An option's name may stand as a type, a list or a string. */
function optionNames(arg: Tree): string[] | undefined {
  if (isTree(arg.TypeName)) return namesOf(arg.TypeName.names);
  if (isTree(arg.List)) return namesOf(arg.List.items);
  const text = stringOf(arg);
  return text === undefined ? undefined : [text];
}

/**
 * PostgreSQL lets a write to a simple view through to what it selects from, also to pg_settings, where that is a SET. A
 * view that selects from a subquery is not simple.
 */
function inspectView({ query }: Tree, found: Found): void {
  const select = isTree(query) && isTree(query.SelectStmt) ? query.SelectStmt : {};
  const [from, ...more] = Array.isArray(select.fromClause) ? select.fromClause : [];
  const relation = isTree(from) && isTree(from.RangeVar) ? from.RangeVar : undefined;
  if (relation === undefined || more.length > 0 || !isSystemRelation(relation)) return;
  found.systemObjects.push(`${nameOf(relation)}, through an updatable view`);
}
