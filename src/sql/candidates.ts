import { concat, fill, type Template } from "../core/template.ts";
import { identifierValue, literalOf, schemaInName } from "./literals.ts";
import { applyEdits, type Edit } from "./parsed-text.ts";
import type { Token } from "./parser.ts";
import type { SourceSchema } from "./source-schema.ts";

/** A place where a name of the source schema may be one: an identifier, or the front of a literal that may be a name. */
interface Candidate {
  readonly token: Token;
  /** The token with this template in the place of the schema's name. */
  readonly write: (schema: Template) => Template;
}

/** What a text names in front of dots. */
export interface Names {
  readonly schemas: ReadonlySet<string>;
  /** Tables, aliases and columns. */
  readonly others: ReadonlySet<string>;
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
 * @param read reads a text, or gives undefined when it cannot be read
 * @param namesIn what a reading names
 */
export function findSchemas<Reading>(
  text: string,
  source: SourceSchema,
  tokensOf: () => readonly Token[],
  extra: ReadonlySet<number>,
  read: (text: string) => Reading | undefined,
  namesIn: (reading: Reading, text: string) => Names,
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
  const { schemas, others } = namesIn(reading, marked);
  const isSchema = candidates.map((_, index) => schemas.has(identifierValue(marker(index))));
  const explained = candidates.every(
    ({ token }, index) =>
      isSchema[index] || token.kind === "string" || others.has(identifierValue(marker(index))),
  );
  return {
    edits: candidates
      .filter((_, index) => isSchema[index])
      .map(({ token, write }) => editOf(token, write(gap))),
    proof: isSchema.every(Boolean) ? reading : undefined,
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

/** True for a name behind SCHEMA, or in a list that begins there. */
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
  const named = literal === undefined ? undefined : schemaInName(literal.value);
  if (literal === undefined || named === undefined || !source.has(named.schema)) return [];
  return [{ token, write: (schema) => literal.write(concat([schema, named.rest])) }];
}
