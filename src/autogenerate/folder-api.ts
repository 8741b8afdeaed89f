import { firstParent } from "../source/stored-snapshot.ts";
import type { Snapshot } from "./kit-types.ts";

/** What this package uses of `drizzle-kit/api-postgres` of drizzle-kit 1.0. */
export interface FolderApi {
  generateDrizzleJson(
    imports: Readonly<Record<string, unknown>>,
    prevId: string,
  ): Promise<FolderState>;
  generateMigration(
    previous: Snapshot,
    current: Snapshot,
    options: { readonly hints: readonly Hint[] },
  ): Promise<string[]>;
  reconstruct(files: Readonly<Record<string, unknown>>, id: string): Promise<FolderState>;
}

/** What this package uses of `drizzle-kit/cli`: nothing else writes a snapshot, or converts a folder of them. */
export interface FolderCli {
  up(options: { readonly dialect: "postgresql"; readonly out: string }): Promise<{
    readonly status: string;
    readonly error?: unknown;
  }>;
  generate(options: {
    readonly dialect: "postgresql";
    readonly schema: string;
    readonly out: string;
    readonly name: string;
    readonly custom: boolean;
    readonly hints: readonly Hint[];
  }): Promise<{
    readonly status: string;
    readonly migration_path?: string;
    readonly error?: unknown;
  }>;
}

/** drizzle-kit 1.0 with its command line, which is loaded when it is needed. */
export interface FolderTools {
  readonly api: FolderApi;
  readonly loadCli: () => Promise<FolderCli>;
  /** The schema names that the service's SQL uses for the schema of its target. */
  readonly sources: readonly string[];
}

/** The path of an object: its schema, its table if it belongs to one, and its name. */
export type Entity = readonly string[];

/** The answer to one of drizzle-kit's questions. */
export type Hint =
  | { readonly type: "create"; readonly kind: string; readonly entity: Entity }
  | { readonly type: "rename"; readonly kind: string; readonly from: Entity; readonly to: Entity };

/** The complete schema after one migration, in drizzle-kit 1.0's format 9. */
export interface FolderState extends Snapshot {
  readonly ddl: readonly FolderRow[];
}

/** One object of a schema in drizzle-kit 1.0's format. */
export interface FolderRow {
  readonly entityType: string;
  readonly schema?: string;
  readonly table?: string;
  readonly name: string;
  readonly [property: string]: unknown;
}

export const emptyState: FolderState = {
  version: "9",
  dialect: "postgres",
  id: firstParent,
  prevIds: [],
  ddl: [],
};

/** The objects of a snapshot of drizzle-kit 1.0. */
export function rowsOf(snapshot: Snapshot): readonly FolderRow[] {
  return Array.isArray(snapshot.ddl) ? snapshot.ddl : [];
}
