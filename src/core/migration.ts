import type { Template } from "./template.ts";

/** One generated migration file of a service, as it lies on disk. */
export interface Migration {
  readonly service: string;
  /** Its name, for example `0003_add_avatar`: that of the file without `.sql`, or of its folder. */
  readonly tag: string;
  /** The file's path as shown to people. */
  readonly file: string;
  /** sha256 of the text, in hex: the same whatever line ends the file has. */
  readonly checksum: string;
  /** sha256 of the file's bytes, in hex, where they are not the text's. */
  readonly fileChecksum?: string;
  /** The file's text as it runs: with LF, unless it was recorded with CRLF. */
  readonly text: string;
  /** Where its down is, if it has one; as shown to people. */
  readonly downFile: string;
}

/** One SQL statement of a migration, tenant-neutral: where it named `public` is a gap for the tenant schema. */
export interface Statement {
  /** The text that runs, once its gaps are filled. */
  readonly sql: Template;
  /** The text as it stands in the file. */
  readonly original: string;
  /** 1-based line of the statement's first token in the file. */
  readonly line: number;
  /** False for what PostgreSQL refuses inside a transaction block. */
  readonly transactional: boolean;
  /** True when what comes before must be committed first. */
  readonly startsSegment: boolean;
  /** What to look at when an earlier attempt of a statement that runs alone was cut off. */
  readonly concurrently?: ConcurrentWork;
}

/** What a statement does CONCURRENTLY. Schemas are named only where they are not the tenant's. */
export type ConcurrentWork =
  | {
      readonly action: "createIndex" | "dropIndex";
      readonly schema?: string;
      readonly name: string;
      /** True for IF [NOT] EXISTS. */
      readonly tolerant: boolean;
    }
  | {
      readonly action: "reindex";
      readonly object: "relation" | "schema";
      readonly schema?: string;
      /** Of the index or table. */
      readonly name?: string;
    }
  | {
      readonly action: "detach";
      readonly tableSchema?: string;
      readonly table: string;
      readonly partitionSchema?: string;
      readonly partition: string;
    };

/** Statements that are committed together, or one statement that must run alone. */
export interface Segment {
  readonly transactional: boolean;
  /** Index of the first statement in the migration, from 0. */
  readonly start: number;
  readonly statements: readonly Statement[];
}
