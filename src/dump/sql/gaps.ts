import { quoteIdentifier } from "../../core/quoting.ts";
import { escapeRegExp } from "../../core/regexp.ts";
import type { Template } from "../../core/template.ts";
import type { ConfusableNames } from "./confusable-names.ts";

/** A literal or a quoted name in SQL that PostgreSQL wrote. Function bodies are literals too. */
const quoted =
  /"(?:[^"]|"")*"|[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|(\$(?:[A-Za-z_]\w*)?\$)[\s\S]*?\1/g;

/**
 * Replaces a schema's name with gaps in SQL that PostgreSQL wrote.
 *
 * @param alias the random name that PostgreSQL wrote in code, where it cannot mean anything else
 * @param schema the name that users wrote in text that PostgreSQL does not parse: function bodies and constants
 */
export function templateOf(
  text: string,
  alias: string,
  schema: string,
  names: ConfusableNames,
): Template {
  const spelled = quoteIdentifier(schema);
  const plain = /^[a-z_][a-z0-9_$]*$/.test(schema) ? schema : undefined;
  const markText = (inside: string) => {
    const once = markInside(inside, alias, spelled, names);
    return plain === undefined ? once : markPlain(once, alias, plain, names);
  };
  const marked = text.toLowerCase().includes(schema.toLowerCase())
    ? text.replace(quoted, (token, tag: string | undefined) => {
        if (token.startsWith('"')) return token;
        // A name can contain a dollar sign, which must not be read as part of a dollar quote.
        if (tag === undefined) return markText(token);
        return tag + markText(token.slice(tag.length, -tag.length)) + tag;
      })
    : text;
  return marked.split(alias);
}

const following = String.raw`(\s*\.\s*(?:"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{N}_$]*))?)?`;
/** The text around a schema's name that is a value, as migrations receive it: see `nameExpression`. */
const valueBefore = /\bto_regnamespace\s*\(\s*(?:'+|\$\w*\$)$/i;
const valueAfter = /^(?:'+|\$\w*\$)(?:\s*::\s*(?:pg_catalog\.)?regnamespace\b|, '+%'+, '+%%'+\))/i;
const schemaExpected = /(?:\bschema|\bsearch_path\s*(?:=|to\b|'\s*,)[^;]*)[\s,=']*$/iu;

function markInside(token: string, alias: string, spelled: string, names: ConfusableNames): string {
  const pattern = new RegExp(`${escapeRegExp(spelled)}${following}`, "gu");
  return mark(token, pattern, (before, dotted, name, after) => {
    const isValue = valueBefore.test(before) || valueAfter.test(after);
    const certain = !names.ambiguous || isValue || isSchema(before, dotted, name, names);
    return certain ? alias : undefined;
  });
}

/** Like `markInside`, for a name without quotes: it can always be the name of something else. */
function markPlain(token: string, alias: string, plain: string, names: ConfusableNames): string {
  const pattern = new RegExp(
    `(?<![\\p{L}\\p{N}_$"])${escapeRegExp(plain)}(?![\\p{L}\\p{N}_$"])${following}`,
    "giu",
  );
  return mark(token, pattern, (before, dotted, name) =>
    (dotted === undefined || name !== undefined) && isSchema(before, dotted, name, names)
      ? alias
      : undefined,
  );
}

function isSchema(
  before: string,
  dotted: string | undefined,
  name: string | undefined,
  { objects }: ConfusableNames,
): boolean {
  if (dotted === undefined) return schemaExpected.test(before);
  return name === undefined || objects.has(name);
}

/**
 * Replaces the names that a pattern, which ends with `following`, finds; except names that another name qualifies.
 *
 * @param replacement receives the text before the name, a following dot and name if there are any, and the text after
 *   it; returns undefined to leave the name
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
  let marked = "";
  let end = 0;
  for (const match of token.matchAll(pattern)) {
    const [found, dotted, quotedName, plainName] = match;
    const before = token.slice(0, match.index);
    const next = match.index + found.length;
    const name = quotedName?.replaceAll('""', '"') ?? plainName?.toLowerCase();
    const put = /["\w]\s*\.\s*$/.test(before)
      ? undefined
      : replacement(before, dotted, name, token.slice(next));
    marked += token.slice(end, match.index) + (put === undefined ? found : put + (dotted ?? ""));
    end = next;
  }
  return marked + token.slice(end);
}

/** Replaces the schema's name with its alias in a function's own `SET search_path`. */
export function markSearchPath(definition: string, alias: string, schema: string): string {
  return definition.replace(/^ SET search_path TO .+$/m, (line) =>
    line.replace(/'(?:[^']|'')*'/g, (name) =>
      name.slice(1, -1).replaceAll("''", "'") === schema ? alias : name,
    ),
  );
}
