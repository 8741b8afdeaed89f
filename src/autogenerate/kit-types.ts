import type { Prefix } from "../config/schema.ts";
import type { Layout, MigrationFiles, MigrationsFolder } from "../source/folder.ts";
import type { StoredSnapshot } from "../source/stored-snapshot.ts";
import type { NewFile } from "../source/write-files.ts";
import type { Decisions, RenameQuestion } from "./decisions.ts";

/** One of drizzle-kit's snapshots: the complete Drizzle schema of a service after one migration. */
export interface Snapshot {
  readonly id: string;
  readonly [part: string]: unknown;
}

export type Casing = "snake_case" | "camelCase" | undefined;

/** What this package uses of the project's drizzle-kit, the same for both supported versions. */
export interface Kit {
  /** The layout of the migrations folders that this version writes. */
  readonly layout: Layout;
  readonly version: string;
  /** The schema names that the service's SQL uses for the schema of its target. */
  readonly sources: readonly string[];
  /**
   * The schema after a migration.
   *
   * @param index the migration's position in the folder; -1 for the state before the first one
   * @throws FleetError `journal` if a snapshot is missing or malformed
   */
  at(folder: MigrationsFolder | undefined, index: number): Promise<Snapshot>;
  /**
   * The schema before a migration: the result of the migrations it follows. After a merge of branches, this is not the
   * result of the previous migration in the folder, which can belong to the other branch.
   *
   * @param index the migration's position in the folder
   * @throws FleetError `journal` if a snapshot is missing or malformed
   */
  before(folder: MigrationsFolder, index: number): Promise<Snapshot>;
  /**
   * The schema that several stored snapshots lead to together.
   *
   * @param stored all snapshots of a history, oldest first
   * @param ends the ids of the snapshots; empty for the schema before the first migration
   */
  state(stored: readonly StoredSnapshot[], ends: readonly string[]): Promise<Snapshot>;
  /**
   * Takes the snapshot of a Drizzle schema.
   *
   * @param exported everything that the schema files export
   * @param previous the snapshot that the new one follows
   * @throws FleetError `schema` with drizzle-kit's message if it rejects the schema
   */
  take(exported: readonly unknown[], previous: Snapshot, casing: Casing): Promise<Snapshot>;
  /** What two snapshots and these decisions leave ambiguous. */
  questions(
    previous: Snapshot,
    current: Snapshot,
    decisions: Decisions,
  ): Promise<readonly RenameQuestion[]>;
  /** The SQL statements from one snapshot to the other. Undecided objects count as dropped and created. */
  diff(previous: Snapshot, current: Snapshot, decisions: Decisions): Promise<string[]>;
  /**
   * Chooses the tag of a new migration and prepares its snapshot and its journal entry.
   *
   * @throws FleetError `config` for a prefix that would sort the snapshot before an existing one
   */
  draft(migration: NewMigration): Promise<NewMigrationFiles>;
}

/** A migration to be written. */
export interface NewMigration {
  /** Absolute path of the migrations folder. */
  readonly path: string;
  readonly folder: MigrationsFolder | undefined;
  /** The part of the tag after its number or time. */
  readonly name: string;
  readonly previous: Snapshot;
  /** Undefined for a migration that is written by hand and leaves the Drizzle schema unchanged. */
  readonly current: Snapshot | undefined;
  readonly decisions: Decisions;
  /** How the tag begins; undefined to continue as the folder does. drizzle-kit 1.0 has timestamps only. */
  readonly prefix: Prefix | undefined;
}

/** Where a new migration goes. */
export interface NewMigrationFiles {
  readonly files: MigrationFiles;
  /** Files to write with it, in this order and after its SQL: the last one makes the migration count. */
  readonly list: readonly NewFile[];
}
