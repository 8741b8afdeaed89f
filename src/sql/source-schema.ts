import { literally } from "../core/regexp.ts";
import { identifierValue } from "./literals.ts";

/**
 * By which names a service's SQL calls the schema of its target. It is one name for tenants, `public` unless the
 * configuration says another; a service with a single schema may also say that schema's own name.
 */
export class SourceSchema {
  /** The names, as PostgreSQL keeps them. The first is the one to write. */
  readonly names: readonly string[];
  /** The schema that the SQL runs in, where there is one alone: what says its name is right as it stands. */
  readonly target: string | undefined;
  readonly #spelled: RegExp;
  /** The names but for the target's own: as whatever, and before a dot. */
  readonly #others: RegExp | undefined;
  readonly #qualifying: RegExp | undefined;

  constructor(names: readonly string[], target?: string) {
    this.names = [...new Set(names)];
    this.target = target;
    this.#spelled = anyOf(this.names);
    const others = this.names.filter((name) => name !== target);
    this.#others = others.length === 0 ? undefined : anyOf(others);
    this.#qualifying = others.length === 0 ? undefined : qualifier(others);
  }

  /** The name to write where SQL is to say the schema; the gap takes its place. */
  get first(): string {
    return this.names[0] ?? "public";
  }

  /** True for one of the names. */
  has(name: unknown): boolean {
    return typeof name === "string" && this.names.includes(name);
  }

  /** True when a text spells one of the names, as whatever. */
  mayBeIn(text: string): boolean {
    return this.#spelled.test(text);
  }

  /** True when a text has one of the names before a dot, and would be wrong in the target if that stayed. */
  mustReplaceIn(text: string): boolean {
    return this.#qualifying?.test(text) ?? false;
  }

  /** True when a text is right as it stands in the target: of the names it spells the target's own at most. */
  isRightIn(text: string): boolean {
    return this.target !== undefined && this.#others?.test(text) !== true;
  }

  /** The same target for a text that is right as it stands: nothing in it is to be replaced. */
  get asItStands(): SourceSchema {
    return new SourceSchema([], this.target);
  }

  /** True for the target's own name: it is right as it stands, and in that schema alone. */
  isTarget(name: unknown): boolean {
    return name !== undefined && name === this.target;
  }
}

function anyOf(names: readonly string[]): RegExp {
  return names.length === 0 ? /(?!)/ : new RegExp(names.map(literally).join("|"), "iu");
}

/** One of the names, with or without quotes, before a dot. */
function qualifier(names: readonly string[]): RegExp {
  const spellings = names.flatMap((name) => [
    `"${literally(name)}"`,
    // Without quotes a name is folded, and cannot stand for one that is spelled otherwise.
    ...(identifierValue(name) === name ? [literally(name)] : []),
  ]);
  return new RegExp(`(?<![\\p{L}\\p{N}_$.])(?:${spellings.join("|")})\\s*\\.`, "iu");
}

/** What a service's SQL calls the schema of its target. drizzle-kit writes `public` for what is in no pgSchema. */
export function sourceOf({
  sourceSchemas = ["public"],
  singleSchema,
}: {
  readonly sourceSchemas?: readonly string[];
  readonly singleSchema?: string | undefined;
}): SourceSchema {
  return new SourceSchema(sourceSchemas, singleSchema);
}
