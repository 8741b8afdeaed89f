/**
 * Faults in released migrations that endanger no tenant. They can no longer be fixed, but can be accepted once. All
 * other problems must be fixed: files that are missing, edited or unreadable, and SQL that is refused.
 */
export type FaultKind =
  /** A migration has no snapshot: it was written by hand. */
  | "no-snapshot"
  /** A migration has no down. */
  | "no-down"
  /** A down is not written yet. */
  | "empty-down"
  /** A migration has no statement. */
  | "empty-migration"
  /** The journal's times are not ascending: drizzle-orm's migrator would skip the migration. */
  | "time"
  /** The journal's numbers are not ascending. */
  | "number"
  /** Two migrations follow the same one: they come from two branches. */
  | "branch"
  /** The snapshot that a migration follows is missing. */
  | "parent"
  /** Two snapshots have the same id: one is a copy. */
  | "copied-snapshot"
  /** A file belongs to no migration. */
  | "stray-file"
  /** The migrations create something that no snapshot has. Only `check --database` finds it. */
  | "not-in-snapshot";

/** The identity of a fault: the same on every machine, and when lines or messages change. */
export interface FaultIdentity {
  readonly kind: FaultKind;
  /** The tag of the migration, several tags, the name of a file without its path, or a line of the catalog. */
  readonly of: string;
}

/** A fault that was accepted, with the reason. */
export interface AcceptedFault {
  readonly service: string;
  /** The fault as it is written in the file: `no-down 0001_add_avatar`. */
  readonly fault: string;
  readonly reason: string;
  /** The day, in UTC. */
  readonly date: string;
}

/** An identity as it is written in the file of accepted faults. */
export function faultKey({ kind, of }: FaultIdentity): string {
  return `${kind} ${of}`;
}
