import type { Migration } from "../core/migration.ts";
import { literally } from "../core/regexp.ts";
import { quoteIdentifier } from "../postgres/identifiers.ts";
import { checksumOf } from "./checksums.ts";
import { withLineEnds } from "./line-ends.ts";

/** What a project's own loop makes of a migration's text, or puts before it, for a tenant schema. */
type TextRewrite = (text: string, schema: string) => string;

const statementBreakpoint = "--> statement-breakpoint";

const quoted = (schema: string): string => quoteIdentifier(schema);
const bare = (schema: string): string => schema;
const nothing = (): string => "";

/**
 * How loops fill in the tenant's schema: qualifiers are replaced by it, quoted or not, or removed; so is the name
 * wherever it stands.
 *
 * @param source the schema that the SQL names
 */
function fillsOf(source: string): TextRewrite[] {
  const name = literally(source);
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

/** What loops leave out of a text: the breakpoints, or what stands around the statements. */
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

/** How loops set the search_path in front of a text. */
const prefixes: readonly ((schema: string) => string)[] = product(
  ["SET search_path", "SET LOCAL search_path", "set search_path"],
  [" TO ", " = ", " to ", "="],
  [quoted, bare, (schema: string) => `'${schema}'`],
  ["", ", public", ', "public"', ",public"],
  ["\n", "\n\n", " ", "", `\n${statementBreakpoint}\n`, `${statementBreakpoint}\n`],
);

function product(
  verbs: readonly string[],
  signs: readonly string[],
  names: readonly ((schema: string) => string)[],
  rests: readonly string[],
  ends: readonly string[],
): ((schema: string) => string)[] {
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

/** The most texts that are hashed for one fleet, which takes a few seconds: what fits by then is known by its way. */
const mostAttempts = 1_000_000;

/** The most texts of a table shared by tenants that are told apart. */
const mostOwned = 20_000;

/**
 * Recognises the hash of a migration's text as a project's own loop changed it before it applied it: with the tenant's
 * schema in the place of the one that drizzle-kit wrote, without the breakpoints, after a `SET search_path`. A hash
 * proves it; nothing is concluded from what does not fit.
 */
export class FilledTexts {
  readonly #fills: readonly TextRewrite[];
  /** The ways that have fitted: a loop has one, or few. */
  readonly #known: TextRewrite[] = [];
  #attempts = 0;

  /** @param sources the schemas that the service's SQL may name, see `sourceSchemasOf` */
  constructor(sources: readonly string[]) {
    this.#fills = sources.flatMap(fillsOf);
  }

  /**
   * True when a hash is that of a migration's text for a tenant schema.
   *
   * @param hash sha256 in hex
   * @param thorough also with a `SET search_path` in front; for the migration that it most likely is
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
   * The tenant schemas that hashes belong to: of each migration's text as a loop fills it in for each of the schemas.
   *
   * @returns undefined where that would be too many texts
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

/** The different texts that the ways make, each with its first way. */
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
