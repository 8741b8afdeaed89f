import type { Prefix } from "../config/schema.ts";
import type { Layout, MigrationFiles, MigrationsFolder } from "../source/folder.ts";
import type { StoredSnapshot } from "../source/stored-snapshot.ts";
import type { NewFile } from "../source/write-files.ts";
import type { Decisions, RenameQuestion } from "./decisions.ts";

/** One of drizzle-kit's snapshots: the whole Drizzle schema of a service at one migration. */
export interface Snapshot {
  readonly id: string;
  readonly [part: string]: unknown;
}

export type Casing = "snake_case" | "camelCase" | undefined;

/** What we need of the drizzle-kit that the user installed, whichever version that is. */
export interface Kit {
  /** The layout of the migrations folders that this version writes. */
  readonly layout: Layout;
  readonly version: string;
  /** By which names the service's SQL calls the schema of its target. */
  readonly sources: readonly string[];
  /**
   * The schema as a migration leaves it.
   *
   * @param index the migration's place in the folder; -1 for the state before the first one
   * @throws FleetError `journal` when a snapshot is missing or malformed
   */
  at(folder: MigrationsFolder | undefined, index: number): Promise<Snapshot>;
  /**
   * The schema as a migration finds it: what those that it follows leave. Where branches were joined, this is not what the
   * migration before it in the folder leaves, which may be of the other branch.
   *
   * @param index the migration's place in the folder
   * @throws FleetError `journal` when a snapshot is missing or malformed
   */
  before(folder: MigrationsFolder, index: number): Promise<Snapshot>;
  /**
   * The schema that some stored snapshots leave together.
   *
   * @param stored all snapshots of a history, oldest first
   * @param ends the ids of those in question; none for the schema before the first migration
   */
  state(stored: readonly StoredSnapshot[], ends: readonly string[]): Promise<Snapshot>;
  /**
   * Takes the snapshot of a Drizzle schema.
   *
   * @param exported everything that the schema files export
   * @param previous the snapshot it follows
   * @throws FleetError `schema` with drizzle-kit's own words when it rejects the schema
   */
  take(exported: readonly unknown[], previous: Snapshot, casing: Casing): Promise<Snapshot>;
  /** What cannot be told from two snapshots alone, once these decisions are made. */
  questions(
    previous: Snapshot,
    current: Snapshot,
    decisions: Decisions,
  ): Promise<readonly RenameQuestion[]>;
  /** The SQL statements from one snapshot to the other. What was not decided counts as dropped and new. */
  diff(previous: Snapshot, current: Snapshot, decisions: Decisions): Promise<string[]>;
  /**
   * Decides what a new migration is called, and prepares what belongs to it beside its SQL.
   *
   * @param path absolute path of the migrations folder
   * @param current undefined for a migration that is written by hand and leaves the Drizzle schema as it is
   * @param prefix what its tag begins with; undefined goes by the folder. drizzle-kit 1.0 has times alone
   * @throws FleetError `config` for a prefix after which drizzle-kit would not find the migration's snapshot
   */
  draft(
    path: string,
    folder: MigrationsFolder | undefined,
    name: string,
    previous: Snapshot,
    current: Snapshot | undefined,
    decisions: Decisions,
    prefix: Prefix | undefined,
  ): Promise<Placed>;
}

/** Where a new migration goes. */
export interface Placed {
  readonly files: MigrationFiles;
  /** What is to be written with it, in this order and behind its SQL: it makes the migration count. */
  readonly list: readonly NewFile[];
}
