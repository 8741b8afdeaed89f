import type { ObjectKey } from "../catalog/object-key.ts";
import type { SequencePosition } from "../catalog/sequence-positions.ts";
import type { Template } from "../core/template.ts";

/** A schema's structure as SQL with gaps for the schema's name. */
export interface StructureDump {
  /** The version of the server that it was read from, as `server_version_num`, such as 180000. */
  readonly server: number;
  /** Statements to run before the rows are inserted. */
  readonly preData: readonly Template[];
  /** Statements to run after the rows are inserted. */
  readonly postData: readonly Template[];
  /** Tables that contain rows of their own: partitions, but not partitioned tables. */
  readonly tables: readonly DumpedTable[];
  readonly sequences: readonly SequencePosition[];
}

/** A schema's structure, object by object. */
export interface StructureSql {
  /** In an order in which they can be created. */
  readonly parts: readonly PartSql[];
  /** The key of the part that creates each object. */
  readonly creators: Readonly<Record<ObjectKey, string>>;
}

/** The statements that create an object, or something about one, such as a comment. */
interface PartSql {
  readonly key: string;
  /** The objects that it needs, besides those that the catalogs record. */
  readonly needs: readonly ObjectKey[];
  readonly statements: readonly Template[];
}

export interface DumpedTable {
  readonly name: string;
  /** The columns in order, without generated ones. */
  readonly columns: readonly string[];
  /** The columns of the primary key, in its order; empty without one. */
  readonly key: readonly string[];
  /** Columns whose type belongs to the schema, and the type. */
  readonly ownTypes: readonly { readonly column: string; readonly type: Template }[];
  /** Columns whose values are names of objects, such as regclass, and the type. */
  readonly nameTypes: readonly { readonly column: string; readonly type: string }[];
}
