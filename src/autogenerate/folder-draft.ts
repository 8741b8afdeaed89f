import { readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FleetError } from "../core/errors.ts";
import { filesInFolder, tagAfter } from "../source/folder.ts";
import type { FolderTools, Hint } from "./folder-api.ts";
import { withDeltas } from "./folder-deltas.ts";
import { hintsOf, sqlWithHints } from "./folder-hints.ts";
import { inCopy, inOrder, storedSnapshots } from "./folder-states.ts";
import type { NewMigration, NewMigrationFiles } from "./kit-types.ts";
import { runKit } from "./run-kit.ts";

/**
 * Prepares a migration with drizzle-kit 1.0, see `Kit.draft`.
 *
 * @param exported everything that the schema files export; undefined for a schema that no file describes
 */
export async function draftInFolder(
  tools: FolderTools,
  migration: NewMigration,
  exported: readonly unknown[] | undefined,
): Promise<NewMigrationFiles> {
  const { previous, current, folder, decisions } = migration;
  const { sql, hints } =
    current === undefined
      ? { sql: [], hints: [] }
      : await sqlWithHints(
          tools.api,
          { previous, current },
          hintsOf(decisions, previous, tools.sources),
        );
  const isOwn = sql.length > 0 && exported !== undefined;
  const written = await writeInCopy(tools, migration, {
    exported: exported ?? [],
    hints,
    custom: !isOwn,
  });
  if (current === undefined || isOwn) return written;
  const known = (await storedSnapshots(tools, folder)).filter((one) => one !== undefined);
  const stored = inOrder(known);
  return withTexts(written, (text) =>
    withDeltas({ reconstruct: tools.api.reconstruct, text, stored, previous, current }),
  );
}

async function withTexts(
  { files, list }: NewMigrationFiles,
  edit: (text: string) => Promise<string>,
): Promise<NewMigrationFiles> {
  const edited = list.map(async (file) => ({ ...file, text: await edit(file.text) }));
  return { files, list: await Promise.all(edited) };
}

/** What drizzle-kit's generate is given. */
interface KitInput {
  readonly exported: readonly unknown[];
  readonly hints: readonly Hint[];
  readonly custom: boolean;
}

/**
 * Lets drizzle-kit write the migration into a copy of the folder's snapshots, and takes the name and snapshot from
 * there. drizzle-kit reads schemas from files only: it gets a file that exports the modules loaded here.
 */
async function writeInCopy(
  { loadCli }: FolderTools,
  { path, folder, name }: NewMigration,
  { exported, hints, custom }: KitInput,
): Promise<NewMigrationFiles> {
  const cli = await loadCli();
  return inCopy(cli, folder, async (out, temporary) => {
    const key = Symbol.for(temporary);
    const shared = globalThis as unknown as Record<symbol, unknown>;
    try {
      shared[key] = exported;
      const schema = join(temporary, "schema.mjs");
      await writeFile(schema, reexports(temporary, exported.length));
      const options = { dialect: "postgresql", schema, out, name, custom, hints } as const;
      const result = await runKit(() => cli.generate(options));
      if (result.migration_path === undefined)
        throw new FleetError("schema", `drizzle-kit wrote no migration: ${JSON.stringify(result)}`);
      const tag = basename(dirname(result.migration_path));
      const text = await readFile(join(out, tag, "snapshot.json"), "utf8");
      // Names sort in migration order, even within one second or after the clock was set back.
      const files = filesInFolder(path, tagAfter(folder?.migrations.at(-1)?.tag ?? "", tag));
      return { files, list: [{ path: files.snapshot, text, replaces: false }] };
    } finally {
      delete shared[key];
    }
  });
}

/** The text of a module that exports what is stored in the global object under a key. */
function reexports(key: string, count: number): string {
  const exports = Array.from(
    { length: count },
    (_, index) => `export const export${String(index).padStart(6, "0")} = all[${index}];\n`,
  );
  return `const all = globalThis[Symbol.for(${JSON.stringify(key)})];\n${exports.join("")}`;
}
