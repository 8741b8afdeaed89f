import type { BatchedWork } from "./batch.ts";
import type { Template } from "./template.ts";

/** A migration file of a service, as it is on disk. */
export interface Migration {
  readonly service: string;
  /** Its name, for example `0003_add_avatar`: that of the file without `.sql`, or of its folder. */
  readonly tag: string;
  /** The file's path, as shown in messages. */
  readonly file: string;
  /** sha256 of the text, in hex; independent of the line endings of the file. */
  readonly checksum: string;
  /** sha256 of the file's bytes, in hex, if they differ from those of the text. */
  readonly fileChecksum?: string;
  /** The text as it runs: with LF, unless it was recorded with CRLF. */
  readonly text: string;
  /** The path of its down, which may not exist; as shown in messages. */
  readonly downFile: string;
  /** Set for a contract: `migrate` holds it back. */
  readonly contract?: Contract;
  /** The tags of contracts that must be applied before it. */
  readonly requires?: readonly string[];
}

/** When a migration may be applied that code of an older release does not survive. */
export interface Contract {
  /** The migration after which the waiting begins. */
  readonly after: string;
  /** How long that migration must have been applied, in milliseconds, from 0. */
  readonly waitMs: number;
  /** The 1-based line of the mark in the file. */
  readonly line: number;
}

/** An SQL statement of a migration, tenant-neutral: with a gap for the tenant schema wherever it named `public`. */
export interface Statement {
  /** The text that runs after its gaps are filled. */
  readonly sql: Template;
  /** The text as it is in the file. */
  readonly original: string;
  /** 1-based line of the statement's first token in the file. */
  readonly line: number;
  /** False for what PostgreSQL refuses inside a transaction block. */
  readonly transactional: boolean;
  /** True if the statements before it must be committed first. */
  readonly startsSegment: boolean;
  /** True if it only defines objects: it can leave nothing in the session, and writes to no table; see `sql/plain.ts`. */
  readonly plain: boolean;
  /** What to clean up if an earlier attempt of a CONCURRENTLY statement was interrupted. */
  readonly concurrently?: ConcurrentWork;
  /** Set for a statement that runs in batches, each in a transaction of its own. */
  readonly batch?: BatchedWork;
}

/** What a statement does CONCURRENTLY. Schemas are set only if they are not the tenant's. */
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
      /** The name of the index or table. */
      readonly name?: string;
    }
  | {
      readonly action: "detach";
      readonly tableSchema?: string;
      readonly table: string;
      readonly partitionSchema?: string;
      readonly partition: string;
    };

/** Statements that are committed together, or a single one that runs in batches or outside a transaction. */
export interface Segment {
  readonly transactional: boolean;
  /** The index of its first statement in the migration, from 0. */
  readonly start: number;
  readonly statements: readonly Statement[];
}
