import type { Migration } from "../core/migration.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import { escapeRegExp } from "../core/regexp.ts";
import { checksumOf } from "./checksums.ts";
import { withLineEnds } from "./line-ends.ts";

/** How a project's own migration loop changes a migration's text for a tenant schema. */
type TextRewrite = (text: string, schema: string) => string;

const statementBreakpoint = "--> statement-breakpoint";

const quoted = (schema: string): string => quoteIdentifier(schema);
const bare = (schema: string): string => schema;
const nothing = (): string => "";

/**
 * The ways in which loops insert the tenant schema: they replace or remove the qualifiers, quoted or not, or replace
 * the name everywhere.
 *
 * @param source the schema that the SQL names
 */
function fillsOf(source: string): TextRewrite[] {
  const name = escapeRegExp(source);
  const replacing =
    (pattern: string, by: (schema: string) => string): TextRewrite =>
    (text, schema) =>
      text.replace(new RegExp(pattern, "gu"), () => by(schema));
  const keep: TextRewrite = (text) => text;
  const before = (pattern: string): TextRewrite[] => [
    keep,
    ...[quoted, bare].map((by) => replacing(pattern, (schema) => `${by(schema)}.`)),
    replacing(pattern, nothing),
  ];
  const qualifiers = before(`"${name}"\\.`).flatMap((first) =>
    before(`(?<![\\p{L}\\p{N}_"])${name}\\.`).map(
      (second): TextRewrite =>
        (text, schema) =>
          second(first(text, schema), schema),
    ),
  );
  const names = [quoted, bare].map((by) => replacing(`"${name}"`, by));
  const words = replacing(`(?<![\\p{L}\\p{N}_])${name}(?![\\p{L}\\p{N}_])`, bare);
  return [...qualifiers, ...names, words];
}

/** The ways in which loops remove the breakpoints or the whitespace around statements. */
const cuts: readonly TextRewrite[] = [
  (text) => text,
  (text) => text.trim(),
  (text) => text.replaceAll(statementBreakpoint, ""),
  (text) => text.replaceAll(`${statementBreakpoint}\n`, ""),
  ...["", "\n", "\n\n"].map(
    (between): TextRewrite =>
      (text) =>
        text
          .split(statementBreakpoint)
          .map((part) => part.trim())
          .filter((part) => part !== "")
          .join(between),
  ),
];

/** The statements that loops put before a text to set the search_path. */
const prefixes: readonly ((schema: string) => string)[] = combinationsOf({
  verbs: ["SET search_path", "SET LOCAL search_path", "set search_path"],
  signs: [" TO ", " = ", " to ", "="],
  names: [quoted, bare, (schema: string) => `'${schema}'`],
  rests: ["", ", public", ', "public"', ",public"],
  ends: ["\n", "\n\n", " ", "", `\n${statementBreakpoint}\n`, `${statementBreakpoint}\n`],
});

/** The spellings of each part of a statement that sets the search_path. */
interface SearchPathSpellings {
  readonly verbs: readonly string[];
  readonly signs: readonly string[];
  readonly names: readonly ((schema: string) => string)[];
  readonly rests: readonly string[];
  readonly ends: readonly string[];
}

function combinationsOf({
  verbs,
  signs,
  names,
  rests,
  ends,
}: SearchPathSpellings): ((schema: string) => string)[] {
  return verbs.flatMap((verb) =>
    signs.flatMap((sign) =>
      names.flatMap((name) =>
        rests.flatMap((rest) =>
          ends.map((end) => (schema: string) => `${verb}${sign}${name(schema)}${rest};${end}`),
        ),
      ),
    ),
  );
}

/** The maximum number of texts that are hashed for one fleet, which takes a few seconds. */
const mostAttempts = 1_000_000;

/** The maximum number of texts that are hashed to find the tenants to which the rows of a shared table belong. */
const mostOwned = 20_000;

/**
 * Recognizes the hash of a migration's text as a project's own loop applied it: with the tenant schema in place of
 * the schema that drizzle-kit wrote, without breakpoints, or after a `SET search_path`. A matching hash is a proof. A
 * hash that does not match proves nothing.
 */
export class FilledTexts {
  readonly #fills: readonly TextRewrite[];
  /** The rewrites that have matched. A loop uses one or a few. */
  readonly #known: TextRewrite[] = [];
  #attempts = 0;

  /** @param sources the schemas that the service's SQL can name, see `sourceSchemasOf` */
  constructor(sources: readonly string[]) {
    this.#fills = sources.flatMap(fillsOf);
  }

  /**
   * Tells whether a hash is that of a migration's text for a tenant schema.
   *
   * @param hash sha256 in hex
   * @param thorough true to try every `SET search_path` as well; meant for the most likely migration only
   */
  isOf(migration: Migration, hash: string, schema: string, thorough: boolean): boolean {
    if (!/^[0-9a-f]{64}$/.test(hash)) return false;
    const text = migration.text;
    if (this.#known.some((change) => checksumOf(change(text, schema)) === hash)) return true;
    const change = this.#find(text, hash, schema, thorough);
    if (change !== undefined) this.#known.push(change);
    return change !== undefined;
  }

  /**
   * Maps the hashes of all migrations' texts, rewritten for each of the schemas, to those schemas.
   *
   * @returns undefined if there would be too many texts
   */
  ownersOf(
    migrations: readonly Migration[],
    schemas: readonly string[],
  ): ReadonlyMap<string, ReadonlySet<string>> | undefined {
    if (migrations.length * schemas.length > mostOwned) return undefined;
    const owners = new Map<string, Set<string>>();
    for (const { text } of migrations)
      for (const schema of schemas)
        for (const fill of this.#fills)
          for (const filled of withLineEnds(fill(text, schema))) {
            const hash = checksumOf(filled);
            owners.set(hash, (owners.get(hash) ?? new Set()).add(schema));
          }
    return owners;
  }

  #find(text: string, hash: string, schema: string, thorough: boolean): TextRewrite | undefined {
    if (this.#attempts >= mostAttempts) return undefined;
    const bodies = bodiesOf(text, schema, this.#fills);
    for (const [body, change] of bodies) if (this.#fits(body, hash)) return change;
    if (!thorough) return undefined;
    for (const [body, change] of bodies)
      for (const prefix of prefixes)
        if (this.#fits(prefix(schema) + body, hash))
          return (other, own) => prefix(own) + change(other, own);
    return undefined;
  }

  #fits(text: string, hash: string): boolean {
    this.#attempts += 1;
    return this.#attempts <= mostAttempts && checksumOf(text) === hash;
  }
}

/** The distinct texts that the rewrites produce, each with the first rewrite that produces it. */
function bodiesOf(
  text: string,
  schema: string,
  fills: readonly TextRewrite[],
): Map<string, TextRewrite> {
  const bodies = new Map<string, TextRewrite>();
  for (const [end] of withLineEnds("\n").entries())
    for (const fill of fills)
      for (const cut of cuts) {
        const change: TextRewrite = (other, own) =>
          cut(fill(withLineEnds(other)[end] ?? other, own), own);
        const body = change(text, schema);
        if (!bodies.has(body)) bodies.set(body, change);
      }
  return bodies;
}
