import type { SourceSchema } from "./source-schema.ts";

/** The names that a text puts in front of dots. */
export interface QualifyingNames {
  readonly schemas: ReadonlySet<string>;
  /** Tables and aliases with a column, columns with a field. */
  readonly others: ReadonlySet<string>;
  /** Those of the schemas that are in the string of a format() call. */
  readonly formats: ReadonlySet<string>;
}

/**
 * The names in a statement's tree. Its schemas are found wherever the grammar allows one: as a qualifier, an object or
 * a literal.
 */
export interface TreeNames extends QualifyingNames {
  /** Arguments that PostgreSQL may read as names, in words. */
  readonly suspicions: readonly string[];
  /** Settings that set_config() sets; undefined for one whose name is computed. */
  readonly settings: readonly (string | undefined)[];
}

/** The names of a tree while it is walked. */
export interface CollectedNames extends TreeNames {
  readonly source: SourceSchema;
  readonly schemas: Set<string>;
  readonly others: Set<string>;
  readonly formats: Set<string>;
  readonly suspicions: string[];
  readonly settings: (string | undefined)[];
}
