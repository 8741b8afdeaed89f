/**
 * Faults of released migrations that endanger no tenant. They can no longer be fixed, so they can be accepted once.
 * Everything else must be fixed: files that are missing, edited or unreadable, SQL that is refused.
 */
export type FaultKind =
  /** A migration without a snapshot: it was written by hand. */
  | "no-snapshot"
  /** A migration has no down. */
  | "no-down"
  /** A down that is still to be written. */
  | "empty-down"
  /** A migration without a statement. */
  | "empty-migration"
  /** The journal's times do not count up: drizzle-orm's own migrator would skip the migration. */
  | "time"
  /** The journal's numbers do not count up. */
  | "number"
  /** Two migrations follow the same one: they come from two branches. */
  | "branch"
  /** The snapshot that a migration follows is missing. */
  | "parent"
  /** Two snapshots have the same id: one is a copy. */
  | "copied-snapshot"
  /** A file that belongs to no migration. */
  | "stray-file"
  /** The migrations make what no snapshot has. Only `check --database` sees it. */
  | "not-in-snapshot";

/** What a fault is about: stable over time, on every machine, and when lines move. */
export interface FaultIdentity {
  readonly kind: FaultKind;
  /** The migration's tag, several of them, a file's name without its path, or a fact of the catalog. */
  readonly of: string;
}

/** A fault that was accepted, and why. */
export interface AcceptedFault {
  readonly service: string;
  /** What it is, as in the file: `no-down 0001_add_avatar`. */
  readonly fault: string;
  readonly reason: string;
  /** The day in UTC. */
  readonly date: string;
}

/** An identity as one word for the file of accepted faults. */
export function faultKey({ kind, of }: FaultIdentity): string {
  return `${kind} ${of}`;
}
