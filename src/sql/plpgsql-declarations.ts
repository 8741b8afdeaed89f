import { isTypeName } from "./builtins/types.ts";
import { identifierValue } from "./literals.ts";
import { parseOne } from "./parsed-text.ts";
import { codeTokens, type Token, type Tree } from "./parser.ts";

/** A declared type that PL/pgSQL's parser does not know. */
export interface DeclaredType {
  readonly start: number;
  readonly end: number;
  readonly kind: "row" | "array" | "other";
  /** The schema of a type that does not come from a table. */
  readonly schema: string | undefined;
}

/** The types in the DECLARE sections of a body that PL/pgSQL's parser does not know. */
export function declaredTypes(body: string): DeclaredType[] {
  return declarationsIn(body).flatMap((declaration) => typeOf(declaration) ?? []);
}

/** The declarations of a body, as tokens. */
function declarationsIn(body: string): Token[][] {
  if (!/declare/i.test(body)) return [];
  const found: Token[][] = [];
  let declaration: Token[] = [];
  let declaring = false;
  for (const token of codeTokens(body)) {
    const word = token.text.toUpperCase();
    if (declaring && word !== ";" && word !== "BEGIN") declaration.push(token);
    else {
      if (declaration.length > 0) found.push(declaration);
      declaration = [];
      declaring = word === "DECLARE" || (declaring && word === ";");
    }
  }
  return found;
}

/**
 * The trees of the values that declarations give to variables. libpg-query shows them only for types that it knows, but
 * PostgreSQL runs all of them. A cursor's query is not among them: libpg-query shows it.
 *
 * @returns undefined for each value that does not parse
 */
export function declaredValues(body: string): (Tree | undefined)[] {
  const bytes = Buffer.from(body, "utf8");
  return declarationsIn(body).flatMap((declaration) => {
    if (declaration.some(({ text }) => /^cursor$/i.test(text))) return [];
    const at = declaration.findIndex(({ text }) => /^(:=|=|default)$/i.test(text));
    const [from, last] = [declaration[at], declaration.at(-1)];
    if (at < 0 || from === undefined || last === undefined) return [];
    return [parseOne(`SELECT ${bytes.toString("utf8", from.end, last.end)}`)];
  });
}

/** The values that declarations give to variables, without those that do not parse. */
export function parsedDeclaredValues(body: string): Tree[] {
  return declaredValues(body).filter((value) => value !== undefined);
}

/** The type in `name CONSTANT schema.type NOT NULL := value`, if it has a schema or an unknown name. */
function typeOf(declaration: readonly Token[]): DeclaredType | undefined {
  const words = declaration.map(({ text }) => text.toUpperCase());
  const from = words[1] === "CONSTANT" ? 2 : 1;
  const after = words.findIndex(
    (word, index) => index > from && [":=", "=", "DEFAULT", "NOT", "COLLATE"].includes(word),
  );
  const type = declaration.slice(from, after === -1 ? undefined : after);
  const [first, last] = [type[0], type.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  if (type[1]?.text !== "." && !isUnknownType(type)) return undefined;
  const kind = /^rowtype$/i.test(last.text) ? "row" : last.text === "]" ? "array" : "other";
  const schema =
    kind === "row" || type[1]?.text !== "." || type.some(({ text }) => text === "%")
      ? undefined
      : identifierValue(first.text);
  return { start: first.start, end: last.end, kind, schema };
}

/** True for the name of a type that neither PostgreSQL nor PL/pgSQL defines: the tenant's, or an extension's. */
function isUnknownType([first, second]: readonly Token[]): boolean {
  const name = first === undefined ? "" : identifierValue(first.text);
  const simple = second === undefined || /^[[(]$/.test(second.text);
  return simple && /^[\p{L}_]/u.test(name) && !isTypeName(name);
}

/**
 * The names in declared types: `schema.table%ROWTYPE`, `schema.table.column%TYPE`, `table.column%TYPE`, `schema.type`.
 */
export function declaredNames(body: string): { schemas: Set<string>; others: Set<string> } {
  if (!/declare/i.test(body)) return { schemas: new Set(), others: new Set() };
  const tokens = codeTokens(body);
  const schemas = new Set<string>();
  const others = new Set<string>();
  for (const [index, { text }] of tokens.entries()) {
    const next = tokens[index + 1]?.text.toUpperCase();
    if (text !== "%" || (next !== "ROWTYPE" && next !== "TYPE")) continue;
    let first = index - 1;
    while (tokens[first - 1]?.text === ".") first -= 2;
    const names = (index - first + 1) / 2;
    const name = identifierValue(tokens[first]?.text ?? "");
    if (names > (next === "TYPE" ? 2 : 1)) schemas.add(name);
    else others.add(name);
  }
  for (const { schema } of declaredTypes(body)) if (schema !== undefined) schemas.add(schema);
  return { schemas, others };
}
