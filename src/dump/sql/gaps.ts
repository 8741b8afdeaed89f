import { quoteIdentifier } from "../../core/quoting.ts";
import { escapeRegExp } from "../../core/regexp.ts";
import type { Template } from "../../core/template.ts";
import type { ConfusableNames } from "./confusable-names.ts";

/** A literal of deparsed SQL, or a quoted name. Function bodies are literals too. */
const quoted =
  /"(?:[^"]|"")*"|[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|(\$(?:[A-Za-z_]\w*)?\$)[\s\S]*?\1/g;

/**
 * Makes gaps of a schema's name in text that PostgreSQL wrote.
 *
 * @param known the random name that PostgreSQL wrote in code, where nothing else is spelled like it
 * @param schema the name that people wrote, quoted, in what is a string to PostgreSQL: bodies and constants
 */
export function templateOf(
  text: string,
  known: string,
  schema: string,
  names: ConfusableNames,
): Template {
  const spelled = quoteIdentifier(schema);
  const plain = /^[a-z_][a-z0-9_$]*$/.test(schema) ? schema : undefined;
  const markText = (inside: string) => {
    const once = markInside(inside, known, spelled, names);
    return plain === undefined ? once : markPlain(once, known, plain, names);
  };
  const marked = text.toLowerCase().includes(schema.toLowerCase())
    ? text.replace(quoted, (token, tag: string | undefined) => {
        if (token.startsWith('"')) return token;
        // A dollar may be part of a name, and must not be taken for one of the quotes.
        if (tag === undefined) return markText(token);
        return tag + markText(token.slice(tag.length, -tag.length)) + tag;
      })
    : text;
  return marked.split(known);
}

const following = String.raw`(\s*\.\s*(?:"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{N}_$]*))?)?`;
/** What stands around a schema's quoted name that is a value, as migrations are given it: see `nameExpression`. */
const valueBefore = /\bto_regnamespace\s*\(\s*(?:'+|\$\w*\$)$/i;
const valueAfter = /^(?:'+|\$\w*\$)(?:\s*::\s*(?:pg_catalog\.)?regnamespace\b|, '+%'+, '+%%'+\))/i;
const schemaComes = /(?:\bschema|\bsearch_path\s*(?:=|to\b|'\s*,)[^;]*)[\s,=']*$/iu;

function markInside(token: string, known: string, spelled: string, names: ConfusableNames): string {
  const pattern = new RegExp(`${escapeRegExp(spelled)}${following}`, "gu");
  return mark(token, pattern, (before, dotted, name, after) => {
    const isValue = valueBefore.test(before) || valueAfter.test(after);
    const certain = !names.ambiguous || isValue || isSchema(before, dotted, name, names);
    return certain ? known : undefined;
  });
}

/** As `markInside`, for a name that somebody wrote without quotes: that may be something else's name at any time. */
function markPlain(token: string, known: string, plain: string, names: ConfusableNames): string {
  const pattern = new RegExp(
    `(?<![\\p{L}\\p{N}_$"])${escapeRegExp(plain)}(?![\\p{L}\\p{N}_$"])${following}`,
    "giu",
  );
  return mark(token, pattern, (before, dotted, name) =>
    (dotted === undefined || name !== undefined) && isSchema(before, dotted, name, names)
      ? known
      : undefined,
  );
}

function isSchema(
  before: string,
  dotted: string | undefined,
  name: string | undefined,
  { objects }: ConfusableNames,
): boolean {
  if (dotted === undefined) return schemaComes.test(before);
  return name === undefined || objects.has(name);
}

/**
 * Replaces the names that a pattern finds, `following` behind it, but for those that something else qualifies.
 *
 * @param replacement is asked with what stands before, the name behind the dot, if there is one, and what comes after
 */
function mark(
  token: string,
  pattern: RegExp,
  replacement: (
    before: string,
    dotted: string | undefined,
    name: string | undefined,
    after: string,
  ) => string | undefined,
): string {
  return token.replace(
    pattern,
    (
      found: string,
      dotted: string | undefined,
      quotedName: string | undefined,
      plainName: string | undefined,
      offset: number,
    ) => {
      const before = token.slice(0, offset);
      if (/["\w]\s*\.\s*$/.test(before)) return found;
      const name = quotedName?.replaceAll('""', '"') ?? plainName?.toLowerCase();
      const put = replacement(before, dotted, name, token.slice(offset + found.length));
      return put === undefined ? found : put + (dotted ?? "");
    },
  );
}

/** Puts the random name where a function's own `SET search_path` has the schema in its list. */
export function markSearchPath(definition: string, known: string, schema: string): string {
  return definition.replace(/^ SET search_path TO .+$/m, (line) =>
    line.replace(/'(?:[^']|'')*'/g, (name) =>
      name.slice(1, -1).replaceAll("''", "'") === schema ? known : name,
    ),
  );
}
