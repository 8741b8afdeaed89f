import { concat, fill, type Template } from "../core/template.ts";
import { identifierValue, literalOf, schemaInName } from "./literals.ts";
import { applyEdits, type Edit } from "./parsed-text.ts";
import type { Token } from "./parser.ts";
import type { SourceSchema } from "./source-schema.ts";
import { nameExpression, type SchemaText } from "./tenant-name.ts";

/** A place where a name of the source schema may be one: an identifier, or the front of a literal, or all of it. */
interface Candidate {
  readonly token: Token;
  /** The token with this template in the place of the schema's name. */
  readonly write: (schema: Template) => Template;
  /** True for a literal whose value is the schema's name, as catalogs keep it. */
  readonly isName?: boolean;
  /** The token with a gap, where it is a format()'s string: a percent sign in a schema's name must not be one of its own. */
  readonly inFormat?: Template;
}

/** What a text names in front of dots. */
export interface Names {
  readonly schemas: ReadonlySet<string>;
  /** Tables, aliases and columns. */
  readonly others: ReadonlySet<string>;
  /** Those of the schemas that stand in a format()'s string. */
  readonly formats: ReadonlySet<string>;
}

/** Knows the grammar of a text, and reads it. */
export interface Reader<Reading> {
  /** Reads a text, or gives undefined when it cannot be read. */
  readonly read: (text: string) => Reading | undefined;
  /** What a reading names. */
  readonly namesIn: (reading: Reading, text: string) => Names;
  /** Constants of a reading that are compared with a catalog's column for schemas. */
  readonly schemaTextsIn: (reading: Reading, text: string) => ReadonlyMap<string, SchemaText>;
}

/** What came of looking at the places. */
export interface Found<Reading> {
  /** One edit, to a gap, for each place that is a schema. */
  readonly edits: readonly Edit[];
  /** The reading of the text with a name of its own in each place, if all of them are schemas. */
  readonly proof: Reading | undefined;
  /** True when a place is neither a schema nor anything else that is known. */
  readonly unexplained: boolean;
}

const gap: Template = ["", ""];

/**
 * Finds out which of the places that spell the source schema's name are schemas. Each gets a name of its own; whoever
 * knows the grammar tells which of those names came out as schemas.
 *
 * @param tokensOf gives the text's tokens, without comments
 * @param extra offsets of further tokens that may be a schema, though no dot follows them
 */
export function findSchemas<Reading>(
  text: string,
  source: SourceSchema,
  tokensOf: () => readonly Token[],
  extra: ReadonlySet<number>,
  { read, namesIn, schemaTextsIn }: Reader<Reading>,
): Found<Reading> {
  if (!source.mayBeIn(text)) return { edits: [], proof: undefined, unexplained: false };
  const tokens = tokensOf();
  const candidates = tokens.flatMap((token, index) =>
    candidateOf(tokens, token, index, extra, source),
  );
  if (candidates.length === 0) return { edits: [], proof: undefined, unexplained: false };
  const edits = candidates.map(({ token, write }, index) => editOf(token, write([marker(index)])));
  const marked = fill(applyEdits(text, edits), "");
  const reading = read(marked);
  if (reading === undefined) return { edits: [], proof: undefined, unexplained: true };
  const { schemas, others, formats } = namesIn(reading, marked);
  const isSchema = candidates.map((_, index) => schemas.has(identifierValue(marker(index))));
  const texts = candidates.some(({ isName }) => isName)
    ? schemaTextsIn(reading, marked)
    : undefined;
  const replacing = candidates.flatMap(({ token, write, isName, inFormat }, index) => {
    const name = identifierValue(marker(index));
    if (isSchema[index]) return [editOf(token, (formats.has(name) && inFormat) || write(gap))];
    const as = isName === true ? texts?.get(marker(index)) : undefined;
    return as === undefined ? [] : [editOf(token, nameExpression(write(gap), as))];
  });
  const explained = candidates.every(
    ({ token }, index) =>
      isSchema[index] || token.kind === "string" || others.has(identifierValue(marker(index))),
  );
  return {
    edits: replacing,
    // What is written otherwise than it was tried is read again.
    proof: isSchema.every(Boolean) && formats.size === 0 ? reading : undefined,
    unexplained: !explained,
  };
}

function marker(index: number): string {
  return `"{tenant:${index}}"`;
}

function editOf({ start, end }: Token, replacement: Template): Edit {
  return { start, end, replacement };
}

function candidateOf(
  tokens: readonly Token[],
  token: Token,
  index: number,
  extra: ReadonlySet<number>,
  source: SourceSchema,
): Candidate[] {
  if (extra.has(token.start)) return [{ token, write: (schema) => schema }];
  if (token.kind === "string") return literalCandidate(token, source);
  if (!source.has(identifierValue(token.text))) return [];
  const qualifies = isQualifier(tokens, index) || isInSchemaList(tokens, index);
  return qualifies ? [{ token, write: (schema) => schema }] : [];
}

/** True for a name after SCHEMA, or in a list that begins there. */
function isInSchemaList(tokens: readonly Token[], index: number): boolean {
  let before = index - 1;
  while (tokens[before]?.text === ",") before -= 2;
  return /^schema$/i.test(tokens[before]?.text ?? "");
}

/** True for a name that is followed by a dot and follows none. */
function isQualifier(tokens: readonly Token[], index: number): boolean {
  return tokens[index + 1]?.text === "." && tokens[index - 1]?.text !== ".";
}

/** Every name that is followed by a dot and follows none, once. */
export function qualifiersIn(tokens: readonly Token[]): string[] {
  const names = tokens.flatMap(({ kind, text }, index) =>
    kind === "other" && isQualifier(tokens, index) && /^["\p{L}_]/u.test(text)
      ? identifierValue(text)
      : [],
  );
  return [...new Set(names)];
}

function literalCandidate(token: Token, source: SourceSchema): Candidate[] {
  if (!source.mayBeIn(token.text)) return [];
  const literal = literalOf(token);
  if (literal === undefined) return [];
  if (source.has(identifierValue(literal.value.trim())))
    return [{ token, write: literal.write, isName: source.has(literal.value) }];
  const named = schemaInName(literal.value);
  if (named === undefined || !source.has(named.schema)) return [];
  const escaped = concat(["replace(", literal.write(gap), ", '%', '%%')"]);
  return [
    {
      token,
      write: (schema) => literal.write(concat([schema, named.rest])),
      inFormat: concat(["(", escaped, " || ", literal.write([named.rest]), ")"]),
    },
  ];
}
