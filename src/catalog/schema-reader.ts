import type { Session } from "../postgres/session.ts";

/** What the readers of single catalogs need in order to read one schema. */
export interface SchemaReader {
  readonly session: Session;
  /** The schema's name during the transaction: a random one, see `readSchema`. */
  readonly schema: string;
  /** The server's version as `server_version_num`, such as 180000. */
  readonly version: number;
  /** The oids of the schema's objects in a catalog, such as `pg_class`. */
  readonly oids: (catalog: string) => readonly number[];
}
