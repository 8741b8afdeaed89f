import { concat, type Template } from "../core/template.ts";
import type { Token } from "./parser.ts";

/** A string token taken apart. */
export interface Literal {
  /** The string's value. */
  readonly value: string;
  /** Writes another value in the same quotes. */
  readonly write: (value: Template) => Template;
}

/**
 * Takes a string token apart: `'...'`, `E'...'` without escapes, `$tag$...$tag$`.
 *
 * @returns undefined for a string with escapes, whose value does not stand in the text as it is
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
  // Two literals that a line end joins are one token.
  if (inside.replaceAll("''", "").includes("'")) return undefined;
  const value = inside.replaceAll("''", "'");
  const write = (template: Template) =>
    concat([`${quoted[1]}'`, template.map((piece) => piece.replaceAll("'", "''")), "'"]);
  return { value, write };
}

/** The schema at the front of a literal that PostgreSQL reads as a name: `public.seq`, `"public"."seq"`. */
export function schemaInName(name: string): { schema: string; rest: string } | undefined {
  const [, spelled, rest] = /^\s*("[^"]*(?:""[^"]*)*"|[^\s".(),]+)(\s*\..*)$/s.exec(name) ?? [];
  if (spelled === undefined || rest === undefined) return undefined;
  return { schema: identifierValue(spelled), rest };
}

/** The name that an identifier token stands for: unquoted ones fold to lower case, long ones are cut. */
export function identifierValue(token: string): string {
  return clip(
    token.startsWith('"') ? token.slice(1, -1).replaceAll('""', '"') : token.toLowerCase(),
  );
}

/** PostgreSQL cuts names to 63 bytes (NAMEDATALEN - 1), between two characters. */
function clip(name: string): string {
  let end = 63;
  // Most names are short: no character takes more than three bytes for each of its code units.
  if (name.length * 3 <= end) return name;
  const bytes = Buffer.from(name, "utf8");
  if (bytes.length <= end) return name;
  while (((bytes[end] ?? 0) & 0b1100_0000) === 0b1000_0000) end -= 1;
  return bytes.toString("utf8", 0, end);
}

/** True for the tenant schema's stand-in, also when it has a number to tell its places apart. */
export function isPlaceholder(name: string): boolean {
  return /^\{tenant(:\d+)?\}$/.test(name);
}
