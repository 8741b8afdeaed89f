import type { Template } from "../core/template.ts";
import { quoteIdentifier } from "../postgres/identifiers.ts";

/** Names that a schema's own name can be mistaken for. */
export interface Names {
  /** What the schema holds: the names that may stand behind its own and a dot. */
  readonly objects: ReadonlySet<string>;
  /** True when the schema's name is also a name of something else, so that the place must decide. */
  readonly ambiguous: boolean;
}

/** A literal of deparsed SQL, or a quoted name. Function bodies are literals too. */
const quoted =
  /"(?:[^"]|"")*"|[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|(\$(?:[A-Za-z_]\w*)?\$)[\s\S]*?\1/g;

/**
 * Makes gaps of a schema's name in text that PostgreSQL wrote.
 *
 * @param known the random name that PostgreSQL wrote in code, where nothing else is spelled like it
 * @param schema the name that people wrote, quoted, in what is a string to PostgreSQL: bodies and constants
 */
export function templateOf(text: string, known: string, schema: string, names: Names): Template {
  const spelled = quoteIdentifier(schema);
  const marked = text.includes(spelled)
    ? text.replace(quoted, (token) =>
        token.startsWith('"') ? token : markInside(token, known, spelled, names),
      )
    : text;
  return marked.split(known);
}

const following = String.raw`(\s*\.\s*(?:"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{N}_$]*))?)?`;
const schemaComes = /(?:\bschema|\bsearch_path\s*(?:=|to\b|'\s*,)[^;]*)[\s,=']*$/iu;

function markInside(token: string, known: string, spelled: string, names: Names): string {
  const pattern = new RegExp(
    `${spelled.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")}${following}`,
    "gu",
  );
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
      const certain =
        !names.ambiguous ||
        (dotted === undefined
          ? schemaComes.test(before)
          : name === undefined || names.objects.has(name));
      return certain ? known + found.slice(spelled.length) : found;
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
