import { longestName } from "../core/sendable.ts";
import { concat, type Template } from "../core/template.ts";
import type { Token } from "./parser.ts";

/** A string token, parsed. */
export interface Literal {
  /** The value of the string. */
  readonly value: string;
  /** Writes a different value in the same quotes. */
  readonly write: (value: Template) => Template;
}

/**
 * Parses a string token: `'...'`, `E'...'` without escapes, `$tag$...$tag$`.
 *
 * @returns undefined for a string with escapes, whose value differs from its text
 */
export function literalOf(token: Token): Literal | undefined {
  const dollar = /^\$[^$]*\$/.exec(token.text)?.[0];
  if (dollar !== undefined) {
    const value = token.text.slice(dollar.length, -dollar.length);
    return { value, write: (template) => concat([dollar, template, dollar]) };
  }
  const quoted = /^([eE]?)'(.*)'$/s.exec(token.text);
  if (quoted === null || (quoted[1] !== "" && token.text.includes("\\"))) return undefined;
  const [, , inside = ""] = quoted;
  // Two literals that are joined by a line end are one token.
  if (inside.replaceAll("''", "").includes("'")) return undefined;
  const value = inside.replaceAll("''", "'");
  const write = (template: Template) =>
    concat([`${quoted[1]}'`, template.map((piece) => piece.replaceAll("'", "''")), "'"]);
  return { value, write };
}

/** The schema at the beginning of a literal that PostgreSQL reads as a name: `public.seq`, `"public"."seq"`. */
export function schemaInName(name: string): { schema: string; rest: string } | undefined {
  const [, spelled, rest] = /^\s*("[^"]*(?:""[^"]*)*"|[^\s".(),]+)(\s*\..*)$/s.exec(name) ?? [];
  if (spelled === undefined || rest === undefined) return undefined;
  return { schema: identifierValue(spelled), rest };
}

/** The name of an identifier token: unquoted names are folded to lower case, long names truncated. */
export function identifierValue(token: string): string {
  return truncated(
    token.startsWith('"') ? token.slice(1, -1).replaceAll('""', '"') : token.toLowerCase(),
  );
}

/** PostgreSQL truncates names to 63 bytes (NAMEDATALEN - 1), between two characters. */
function truncated(name: string): string {
  let end = longestName;
  // Most names are short: a character takes at most three bytes for each of its code units.
  if (name.length * 3 <= end) return name;
  const bytes = Buffer.from(name, "utf8");
  if (bytes.length <= end) return name;
  while (((bytes[end] ?? 0) & 0b1100_0000) === 0b1000_0000) end -= 1;
  return bytes.toString("utf8", 0, end);
}

/** True for the placeholder of the tenant schema, with or without the number of its place. */
export function isPlaceholder(name: string): boolean {
  return /^\{tenant(:\d+)?\}$/.test(name);
}
