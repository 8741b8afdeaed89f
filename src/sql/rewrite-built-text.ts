import { concat, fill, type Template } from "../core/template.ts";
import { escapedForFormat, type TextPart } from "./built-text.ts";
import type { Edit } from "./parsed-text.ts";
import type { Token } from "./parser.ts";

/** What to write in the place of the constants of one text. */
interface WrittenConstants {
  readonly locations: readonly number[];
  readonly template: Template;
}

/**
 * Writes a neutralized text back into the constants that it was built from.
 *
 * @param words the text of each part, as it was neutralized
 * @param tokens those of the expression
 * @returns undefined when the parts cannot be told apart in the neutralized text
 */
export function rewrittenParts(
  parts: readonly TextPart[],
  words: readonly string[],
  sql: Template,
  tokens: readonly Token[],
): Edit[] | undefined {
  const pieces = piecesOf(parts, words, sql);
  if (pieces === undefined) return undefined;
  const edits = [...plainConstants(parts, pieces), ...formatStrings(parts, pieces)].flatMap(
    ({ locations, template }) =>
      locations.map((location, order) =>
        constantEdit(tokens, location, order === 0 ? template : ["''"]),
      ),
  );
  return edits.every((of) => of.length > 0) ? edits.flat() : undefined;
}

/** The changed constants outside of format(). */
function plainConstants(
  parts: readonly TextPart[],
  pieces: readonly Template[],
): WrittenConstants[] {
  return parts.flatMap((part, index) => {
    const piece = pieces[index] ?? [];
    return part.kind === "text" && part.format === undefined && piece.length > 1
      ? [{ locations: part.locations, template: literalWith(piece) }]
      : [];
  });
}

/** The changed strings of format() calls, each put together from its parts. */
function formatStrings(
  parts: readonly TextPart[],
  pieces: readonly Template[],
): WrittenConstants[] {
  const formats = new Set(parts.flatMap(({ format }) => format ?? []));
  return [...formats].flatMap((format) => {
    const own = parts.flatMap((part, index) =>
      part.format !== format
        ? []
        : [part.kind === "hole" ? [part.spelled] : (pieces[index] ?? []).map(escapedForFormat)],
    );
    if (own.every((template) => template.length === 1)) return [];
    const text = parts.find((part) => part.kind === "text" && part.format === format);
    const locations = text?.kind === "text" ? text.locations : [];
    return [{ locations, template: formatStringWith(concat(own)) }];
  });
}

/** The neutralized text of each part; undefined when the parts cannot be told apart. */
function piecesOf(
  parts: readonly TextPart[],
  words: readonly string[],
  sql: Template,
): Template[] | undefined {
  const mark = "\uE000";
  if (sql.some((piece) => piece.includes(mark))) return undefined;
  let rest = fill(sql, mark);
  const found: Template[] = [];
  for (const [at, part] of parts.entries()) {
    const next = parts[at + 1];
    // Where one text ends and the next begins can no longer be seen.
    if (part.kind === "text" && next?.kind === "text") return undefined;
    const before = part.kind === "hole" ? words[at] : words[at + 1];
    const from = before === undefined ? rest.length : rest.indexOf(before);
    if (from < 0 || (part.kind === "hole" && from > 0)) return undefined;
    const end = part.kind === "hole" ? (words[at] ?? "").length : from;
    found.push(rest.slice(0, end).split(mark));
    rest = rest.slice(end);
  }
  return rest === "" ? found : undefined;
}

/** The edits that put a template in the place of a constant. Line numbers stay: errors in a body refer to them. */
export function constantEdit(
  tokens: readonly Token[],
  location: number,
  template: Template,
): Edit[] {
  const at = tokens.findIndex(({ start }) => start === location);
  const [first, ...more] = at < 0 ? [] : tokens.slice(at);
  if (first === undefined) return [];
  // A line end joins literals to one constant, which some tokenizers show as several.
  const joined = more.slice(0, more.findIndex(({ kind }) => kind !== "string") >>> 0);
  const lines = (text: string) => text.split("\n").length - 1;
  const lost = Math.max(0, lines(first.text) - lines(template.join("")));
  const edit = ({ start, end }: Token, replacement: Template) => ({ start, end, replacement });
  return [
    edit(first, concat([template, "\n".repeat(lost)])),
    ...joined.map((token) => edit(token, [""])),
  ];
}

function literalWith(template: Template): Template {
  return concat(["'", template.map((piece) => piece.replaceAll("'", "''")), "'"]);
}

/** A string of format() with gaps. A percent sign in a schema's name must not be read as a specifier. */
function formatStringWith(template: Template): Template {
  const pieces = template.map((piece) => [`'${piece.replaceAll("'", "''")}'`]);
  const name: Template = [" || replace('", "', '%', '%%') || "];
  const joined = pieces.flatMap((piece, index) => (index === 0 ? [piece] : [name, piece]));
  return concat(["(", ...joined, ")"]);
}
