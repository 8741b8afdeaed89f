import { statSync } from "node:fs";
import { resolve } from "node:path";
import { glob } from "tinyglobby";
import type { ServiceConfig } from "../config/schema.ts";
import { importTypeScript, loadingError } from "../config/typescript.ts";
import { FleetError, isFleetError } from "../core/errors.ts";
import { type Journal, readJournal } from "../source/journal.ts";
import { diffSnapshots, firstSnapshot, type Snapshot, takeSnapshot } from "./kit.ts";
import { type RenameQuestion, renameQuestions, withoutRemoved } from "./renames.ts";
import { readSnapshot } from "./snapshots.ts";

/** How a service's Drizzle schema differs from its newest migration. */
export interface SchemaDiff {
  readonly service: string;
  readonly folder: string;
  readonly journal: Journal | undefined;
  readonly previous: Snapshot;
  readonly current: Snapshot;
  /** What cannot be told from the two alone. */
  readonly questions: readonly RenameQuestion[];
}

/**
 * Compares a service's Drizzle schema with the snapshot of its newest migration.
 *
 * @param root the folder that the service's paths start from
 * @throws FleetError `schema` when a schema file does not load, with file and line; `journal` when drizzle-kit's
 *   files are damaged
 */
export async function compareSchema(
  service: string,
  config: ServiceConfig,
  root: string,
): Promise<SchemaDiff> {
  const folder = resolve(root, config.out);
  const journal = await readJournal(folder);
  const newest = journal?.entries.at(-1);
  const previous = newest === undefined ? firstSnapshot() : await readSnapshot(folder, newest);
  const { modules, placeOf } = await importTypeScript(
    await schemaFiles(service, config, root),
    root,
  );
  const exported = [...new Set(modules.flatMap((module) => Object.values(module)))];
  const current = await takeSnapshot(exported, previous, config.casing).catch((error: unknown) => {
    throw isFleetError(error) ? error : loadingError(error, placeOf(error));
  });
  return {
    service,
    folder,
    journal,
    previous,
    current,
    questions: renameQuestions(previous, current),
  };
}

/**
 * The SQL of the difference; empty when there is none.
 *
 * @param answers `ask` lets drizzle-kit ask its questions on the terminal; `drop` takes everything that went as dropped
 */
export async function sqlOf(diff: SchemaDiff, answers: "ask" | "drop"): Promise<string[]> {
  if (diff.questions.length === 0) return diffSnapshots(diff.previous, diff.current, "never");
  if (answers === "ask") return diffSnapshots(diff.previous, diff.current, "ask");
  const between = withoutRemoved(diff.previous, diff.questions);
  return [
    ...(await diffSnapshots(diff.previous, between, "never")),
    ...(await diffSnapshots(between, diff.current, "never")),
  ];
}

/** The schema files of a service, as drizzle-kit finds them: a folder's own files, a file, or a pattern. */
async function schemaFiles(
  service: string,
  config: ServiceConfig,
  root: string,
): Promise<string[]> {
  const patterns = [config.schema].flat().map((entry) => {
    const path = resolve(root, entry);
    const folder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    return (folder ? `${path}/*.{ts,mts,cts,js,mjs,cjs}` : path).replaceAll("\\", "/");
  });
  const files = await glob(patterns, { absolute: true, cwd: root });
  if (files.length > 0) return files.sort();
  throw new FleetError(
    "schema",
    `service ${service} has no schema files: ${[config.schema].flat().join(", ")}`,
    {
      where: `services.${service}.schema`,
      remedy: "Correct the path in drizzle.config.ts, or write the first table.",
    },
  );
}
