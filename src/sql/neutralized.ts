import type { Template } from "../core/template.ts";
import type { Tree } from "./parser.ts";
import type { SourceSchema } from "./source-schema.ts";

/** SQL that was made independent of the tenant. */
export interface Neutralized {
  /** The text with gaps where it named the source schema. */
  readonly sql: Template;
  /** The trees of all statements in it, with placeholders in the gaps. */
  readonly trees: readonly Tree[];
  /** What cannot be proved to stay in the tenant, in words. A person who has reviewed it can accept it. */
  readonly unproved: readonly string[];
  /** What names the source schema and cannot be replaced: it would certainly leave the tenant. */
  readonly unreplaced: readonly string[];
  /** True when it names the single schema that it is written for, where no other name can be put. */
  readonly boundToSchema?: boolean;
  /** True for a DO block that ends the transaction it runs in. */
  readonly endsTransaction?: boolean;
}

/**
 * A text that cannot be read. A person may accept it, unless it spells the source schema: that name would stay
 * unreplaced.
 *
 * @param what the text, in words
 */
export function unreadableText(text: string, what: string, source: SourceSchema): Neutralized {
  const [unproved, unreplaced] = source.mustReplaceIn(text) ? [[], [what]] : [[what], []];
  return { sql: [text], trees: [], unproved, unreplaced };
}
