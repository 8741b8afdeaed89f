import type { Migration, Statement } from "../core/migration.ts";
import type { MigrationPlace } from "../core/preflight.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import { fill, placeholder, type Template } from "../core/template.ts";
import { parseOne } from "../sql/parsed-text.ts";
import { codeTokens, type Token, type Tree } from "../sql/parser.ts";
import { isTree, unwrap } from "../sql/tree.ts";

/** A table or another relation as a statement names it. */
export interface Relation {
  /** Undefined for the tenant's own, and for names without a schema. */
  readonly schema: string | undefined;
  readonly name: string;
  /** As SQL, in which the placeholder stands for the tenant schema. Without a schema, the search_path decides. */
  readonly sql: string;
}

/** A statement of a pending migration, parsed. Its text has the placeholder where it names the tenant schema. */
export class PendingStatement {
  readonly place: MigrationPlace;
  readonly statement: Statement;
  readonly kind: string;
  readonly body: Tree;
  readonly text: string;
  #tokens: readonly Token[] | undefined;
  #bytes: Buffer | undefined;

  constructor({ service, tag, file }: Migration, statement: Statement) {
    this.place = { service, tag, file, line: statement.line };
    this.statement = statement;
    this.text = fill(statement.sql, placeholder);
    // A statement that was rewritten may be of several.
    const tree = parseOne(this.text) ?? {};
    [this.kind, this.body] = unwrap(tree);
  }

  /** `0003_add_avatar:12`. */
  get name(): string {
    return `${this.place.tag}:${this.place.line}`;
  }

  get tokens(): readonly Token[] {
    this.#tokens ??= codeTokens(this.text);
    return this.#tokens;
  }

  /** The text from the first to the last of some tokens. */
  textOf(tokens: readonly Token[]): string {
    const [first, last] = [tokens[0], tokens.at(-1)];
    if (first === undefined || last === undefined) return "";
    this.#bytes ??= Buffer.from(this.text, "utf8");
    return this.#bytes.toString("utf8", first.start, last.end);
  }

  /** The commands of an ALTER TABLE, each with its tokens. The tokens of the first begin with the name of the table. */
  get commands(): readonly TableCommand[] {
    const { cmds } = this.body;
    const parts = splitAtCommas(this.tokens);
    return (Array.isArray(cmds) ? cmds : []).map((item: unknown, index) => {
      const command = isTree(item) && isTree(item.AlterTableCmd) ? item.AlterTableCmd : {};
      const { subtype, name, def } = command;
      const [, definition] = isTree(def) ? unwrap(def) : ["", {}];
      return {
        subtype: String(subtype),
        name: typeof name === "string" ? name : "",
        definition,
        isTolerant: command.missing_ok === true,
        isCascading: command.behavior === "DROP_CASCADE",
        tokens: parts[index] ?? [],
      };
    });
  }
}

/** One command of an ALTER TABLE. */
export interface TableCommand {
  /** Such as `AT_SetNotNull`. */
  readonly subtype: string;
  /** Usually the name of a column or a constraint. */
  readonly name: string;
  readonly definition: Tree;
  /** True for IF [NOT] EXISTS. */
  readonly isTolerant: boolean;
  readonly isCascading: boolean;
  readonly tokens: readonly Token[];
}

const tenant = placeholder.slice(1, -1);

/** The relation that a RangeVar names. */
export function relationOf(node: unknown): Relation | undefined {
  const { schemaname, relname } = isTree(node) ? node : {};
  if (typeof relname !== "string") return undefined;
  return relationNamed(typeof schemaname === "string" ? [schemaname, relname] : [relname]);
}

/** The relation or type with a name of one or two parts. */
export function relationNamed(names: readonly string[]): Relation {
  const [name = "", schema] = [...names].reverse();
  const isOwn = schema === undefined || schema === tenant;
  return {
    schema: isOwn ? undefined : schema,
    name,
    sql: [schema, name]
      .flatMap((part) => (part === undefined ? [] : quoteIdentifier(part)))
      .join("."),
  };
}

/** A key for a relation: its name, with its schema if that is not the tenant's. */
export function keyOf({ schema, name }: Relation): string {
  return schema === undefined ? name : `${schema}.${name}`;
}

/** SQL with the placeholder, as a template. */
export function templateOf(sql: string): Template {
  return sql.split(placeholder);
}

/** Splits tokens at the commas that are not in parentheses or brackets. */
export function splitAtCommas(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    depth += depthOf(token);
    if (depth === 0 && token.text === "," && token.kind === "other") parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

function depthOf({ text, kind }: Token): number {
  if (kind !== "other") return 0;
  if (text === "(" || text === "[") return 1;
  return text === ")" || text === "]" ? -1 : 0;
}

/**
 * The tokens in the first pair of parentheses at or after an index, without these.
 *
 * @returns undefined if there is none
 */
export function inParentheses(tokens: readonly Token[], from: number): Token[] | undefined {
  const start = tokens.findIndex(
    ({ text, kind }, index) => index >= from && kind === "other" && text === "(",
  );
  if (start < 0) return undefined;
  let depth = 0;
  for (let index = start; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token === undefined) return undefined;
    depth += depthOf(token);
    if (depth === 0) return tokens.slice(start + 1, index);
  }
  return undefined;
}

/** The index of the first token that is this keyword and is in no parentheses; -1 if there is none. */
export function indexOfKeyword(tokens: readonly Token[], keyword: string): number {
  let depth = 0;
  return tokens.findIndex((token) => {
    depth += depthOf(token);
    return depth === 0 && token.text.toUpperCase() === keyword;
  });
}
