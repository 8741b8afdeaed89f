import { concat, fill, type Template } from "../core/template.ts";
import { identifierValue, literalOf, schemaInName } from "./literals.ts";
import { applyEdits, type Edit } from "./parsed-text.ts";
import type { Token } from "./parser.ts";
import type { SourceSchema } from "./source-schema.ts";
import { nameExpression, type SchemaText } from "./tenant-name.ts";
import type { QualifyingNames } from "./tree-names.ts";

/** A text in which schemas are to be found. */
export interface SearchedText {
  readonly text: string;
  /** The text's tokens, without comments. Most texts do not need them. */
  readonly tokens: () => readonly Token[];
  /** Offsets of tokens that may be a schema although no dot follows them. */
  readonly alsoNames: ReadonlySet<number>;
}

/** Reads a text by the grammar of its language. */
export interface GrammarReader<Reading> {
  /** Reads a text; undefined when it cannot be read. */
  readonly read: (text: string) => Reading | undefined;
  readonly namesIn: (reading: Reading, text: string) => QualifyingNames;
  /** Constants of a reading that are compared with a catalog's column for schemas. */
  readonly schemaTextsIn: (reading: Reading, text: string) => ReadonlyMap<string, SchemaText>;
}

/** The places of a text that name the source schema. */
export interface FoundSchemas<Reading> {
  /** One edit, to a gap, for each place that is a schema. */
  readonly edits: readonly Edit[];
  /** The reading of the text with a different name in each place, if all of the places are schemas. */
  readonly proof: Reading | undefined;
  /** True when a place is neither a schema nor anything else that is known. */
  readonly unexplained: boolean;
}

/** A place that spells a name of the source schema: an identifier, or a literal that is or begins with the name. */
interface Candidate {
  readonly token: Token;
  /** The token with this template in the place of the schema's name. */
  readonly write: (schema: Template) => Template;
  /** True for a literal whose value is the schema's name, as catalogs store it. */
  readonly isName?: boolean;
  /**
   * The token with a gap, for the string of a format() call: a percent sign in a schema's name must not be a specifier.
   */
  readonly inFormat?: Template;
}

const gap: Template = ["", ""];

/**
 * Finds out which of the places that spell the source schema's name are schemas. Each place gets a different name, and
 * the grammar's reader says which of those names are schemas.
 */
export function findSchemas<Reading>(
  { text, tokens, alsoNames }: SearchedText,
  source: SourceSchema,
  reader: GrammarReader<Reading>,
): FoundSchemas<Reading> {
  const candidates = source.mayBeIn(text) ? candidatesIn(tokens(), alsoNames, source) : [];
  if (candidates.length === 0) return { edits: [], proof: undefined, unexplained: false };
  const marked = fill(
    applyEdits(
      text,
      candidates.map(({ token, write }, index) => editOf(token, write([marker(index)]))),
    ),
    "",
  );
  const reading = reader.read(marked);
  if (reading === undefined) return { edits: [], proof: undefined, unexplained: true };
  const names = reader.namesIn(reading, marked);
  const texts = candidates.some(({ isName }) => isName)
    ? reader.schemaTextsIn(reading, marked)
    : undefined;
  const isSchema = candidates.map((_, index) => names.schemas.has(markerName(index)));
  const isExplained = candidates.every(
    ({ token }, index) =>
      isSchema[index] || token.kind === "string" || names.others.has(markerName(index)),
  );
  return {
    edits: candidates.flatMap((candidate, index) => replacementOf(candidate, index, names, texts)),
    // A name inside format() is written differently from the attempt, and must be read again.
    proof: isSchema.every(Boolean) && names.formats.size === 0 ? reading : undefined,
    unexplained: !isExplained,
  };
}

/** The edit to a gap of a candidate that is a schema, or a text with its name. */
function replacementOf(
  { token, write, isName, inFormat }: Candidate,
  index: number,
  { schemas, formats }: QualifyingNames,
  texts: ReadonlyMap<string, SchemaText> | undefined,
): Edit[] {
  const name = markerName(index);
  if (schemas.has(name)) return [editOf(token, (formats.has(name) && inFormat) || write(gap))];
  const as = isName === true ? texts?.get(marker(index)) : undefined;
  return as === undefined ? [] : [editOf(token, nameExpression(write(gap), as))];
}

/** The quoted name that a place gets for the attempt. */
function marker(index: number): string {
  return `"{tenant:${index}}"`;
}

function markerName(index: number): string {
  return identifierValue(marker(index));
}

function editOf({ start, end }: Token, replacement: Template): Edit {
  return { start, end, replacement };
}

function candidatesIn(
  tokens: readonly Token[],
  alsoNames: ReadonlySet<number>,
  source: SourceSchema,
): Candidate[] {
  return tokens.flatMap((token, index): Candidate[] => {
    if (alsoNames.has(token.start)) return [{ token, write: (schema) => schema }];
    if (token.kind === "string") return literalCandidate(token, source);
    if (!source.has(identifierValue(token.text))) return [];
    const qualifies = isQualifier(tokens, index) || isInSchemaList(tokens, index);
    return qualifies ? [{ token, write: (schema) => schema }] : [];
  });
}

/** True for a name after SCHEMA, or in a list that begins there. */
function isInSchemaList(tokens: readonly Token[], index: number): boolean {
  let before = index - 1;
  while (tokens[before]?.text === ",") before -= 2;
  return /^schema$/i.test(tokens[before]?.text ?? "");
}

/** True for a name with a dot after it, and none before it. */
function isQualifier(tokens: readonly Token[], index: number): boolean {
  return tokens[index + 1]?.text === "." && tokens[index - 1]?.text !== ".";
}

/** Every name with a dot after it, and none before it, once. */
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
