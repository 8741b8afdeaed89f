import { escapeRegExp } from "../core/regexp.ts";
import { identifierValue } from "./literals.ts";

/**
 * The names that a service's SQL uses for the schema of its target. Services with tenants use one, `public` unless the
 * configuration sets another; a service with a single schema can also use that schema's own name.
 */
export class SourceSchema {
  /** The names, as PostgreSQL stores them. The first is the one to write. */
  readonly names: readonly string[];
  /** The schema that the SQL runs in, for a single schema: its own name needs no replacement. */
  readonly target: string | undefined;
  readonly #spelled: RegExp;
  /** Matches the names other than the target's own, wherever they are spelled. */
  readonly #others: RegExp | undefined;
  /** Matches them before a dot. */
  readonly #qualifying: RegExp | undefined;

  constructor(names: readonly string[], target?: string) {
    this.names = [...new Set(names)];
    this.target = target;
    this.#spelled = anyOf(this.names);
    const others = this.names.filter((name) => name !== target);
    this.#others = others.length === 0 ? undefined : anyOf(others);
    this.#qualifying = others.length === 0 ? undefined : qualifier(others);
  }

  /** The name to write in SQL for the target's schema; it becomes a gap. */
  get first(): string {
    return this.names[0] ?? "public";
  }

  /** True for one of the names. */
  has(name: unknown): boolean {
    return typeof name === "string" && this.names.includes(name);
  }

  /** True if a text spells one of the names, whatever it means there. */
  mayBeIn(text: string): boolean {
    return this.#spelled.test(text);
  }

  /** True if a text has one of the names before a dot, and is wrong in the target unless the name is replaced. */
  mustReplaceIn(text: string): boolean {
    return this.#qualifying?.test(text) ?? false;
  }

  /** True if a text is valid in the target unchanged: of the names, it spells at most the target's own. */
  isValidIn(text: string): boolean {
    return this.target !== undefined && this.#others?.test(text) !== true;
  }

  /** The same target for a text that is valid unchanged: nothing in it is replaced. */
  get withoutReplacing(): SourceSchema {
    return new SourceSchema([], this.target);
  }

  /** True for the target's own name, which is valid unchanged, but only in that schema. */
  isTarget(name: unknown): boolean {
    return name !== undefined && name === this.target;
  }
}

function anyOf(names: readonly string[]): RegExp {
  return names.length === 0 ? /(?!)/ : new RegExp(names.map(escapeRegExp).join("|"), "iu");
}

/** One of the names, with or without quotes, before a dot. */
function qualifier(names: readonly string[]): RegExp {
  const spellings = names.flatMap((name) => [
    `"${escapeRegExp(name)}"`,
    // An unquoted name is folded to lower case, and cannot be one with other characters.
    ...(identifierValue(name) === name ? [escapeRegExp(name)] : []),
  ]);
  return new RegExp(`(?<![\\p{L}\\p{N}_$.])(?:${spellings.join("|")})\\s*\\.`, "iu");
}

/** The names of a service's configuration. drizzle-kit writes `public` for objects outside of any pgSchema. */
export function sourceOf({
  sourceSchemas = ["public"],
  singleSchema,
}: {
  readonly sourceSchemas?: readonly string[];
  readonly singleSchema?: string | undefined;
}): SourceSchema {
  return new SourceSchema(sourceSchemas, singleSchema);
}
