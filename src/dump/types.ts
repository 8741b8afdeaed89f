import type { Template } from "../core/template.ts";

/** A schema's structure as SQL with gaps for its name. */
export interface StructureDump {
  /** The version of the server that wrote it, as `server_version_num`, such as 180000. */
  readonly server: number;
  /** What must be there before the rows. */
  readonly preData: readonly Template[];
  /** What is better made, or may only be made, when the rows are there. */
  readonly postData: readonly Template[];
  /** Tables that hold rows of their own: partitions, not the tables they are partitions of. */
  readonly tables: readonly DumpedTable[];
  readonly sequences: readonly DumpedSequence[];
}

export interface DumpedTable {
  readonly name: string;
  /** Columns that can be inserted (no generated ones), in order. */
  readonly columns: readonly string[];
  /** Columns of the primary key, in its order; empty without one. */
  readonly key: readonly string[];
  /** Those of the columns whose type belongs to the schema, and the type. */
  readonly ownTypes: readonly { readonly column: string; readonly type: Template }[];
  /** Those that hold names of objects, such as regclass, and the type. */
  readonly nameTypes: readonly { readonly column: string; readonly type: string }[];
}

export interface DumpedSequence {
  readonly name: string;
  /** A bigint, as text. */
  readonly lastValue: string;
  readonly isCalled: boolean;
}
