import { randomUUID } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { FleetError } from "../core/errors.ts";
import { filesInFolder, type MigrationsFolder, tagAfter } from "../source/folder.ts";
import {
  endsOf,
  firstParent,
  readSnapshots,
  type StoredSnapshot,
} from "../source/stored-snapshot.ts";
import { captive } from "./captive.ts";
import type { Decisions, Kind, RenameQuestion } from "./decisions.ts";
import { folderEnums } from "./folder-enums.ts";
import { withChanges } from "./folder-snapshot.ts";
import type { Kit, Placed, Snapshot } from "./kit-types.ts";
import { aroundEnums } from "./ordered.ts";
import { hardInFolders, withStandIns } from "./stand-ins.ts";
import { withUnaltered } from "./unaltered.ts";

/** What is used of `drizzle-kit/api-postgres` of drizzle-kit 1.0. */
export interface FolderApi {
  generateDrizzleJson(imports: Readonly<Record<string, unknown>>, prevId: string): Promise<State>;
  generateMigration(
    previous: Snapshot,
    current: Snapshot,
    options: { readonly hints: readonly Hint[] },
  ): Promise<string[]>;
  reconstruct(files: Readonly<Record<string, unknown>>, id: string): Promise<State>;
}

/** What is used of `drizzle-kit/cli`: nothing else can write a snapshot, or convert a folder of them. */
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

type Entity = readonly string[];
type Hint =
  | { readonly type: "create"; readonly kind: string; readonly entity: Entity }
  | { readonly type: "rename"; readonly kind: string; readonly from: Entity; readonly to: Entity };

/** The whole schema at one migration, in drizzle-kit 1.0's format 9. */
interface State extends Snapshot {
  readonly ddl: readonly Row[];
}

interface Row {
  readonly entityType: string;
  readonly schema?: string;
  readonly table?: string;
  readonly name: string;
}

const empty: State = { version: "9", dialect: "postgres", id: firstParent, prevIds: [], ddl: [] };

const entityTypes: Readonly<Record<Kind, string>> = {
  table: "tables",
  column: "columns",
  enum: "enums",
  view: "views",
  sequence: "sequences",
  policy: "policies",
  role: "roles",
  schema: "schemas",
};

/** drizzle-kit 1.0. It takes the answers to its questions as hints, and throws those that are open. */
export function folderKit(
  api: FolderApi,
  loadCli: () => Promise<FolderCli>,
  sources: readonly string[],
  version: string,
): Kit {
  const exportedOf = new WeakMap<Snapshot, readonly unknown[]>();
  return {
    layout: "folders",
    version,
    sources,
    at: (folder, index) => stateAt(api, loadCli, folder, index),
    before: (folder, index) => stateBefore(api, loadCli, folder, index),
    state: (stored, ends) => readable(undefined, () => state(api, stored, ends)),
    async take(exported, previous) {
      const imports = Object.fromEntries(exported.map((value, index) => [`export${index}`, value]));
      const state = await captive(() => api.generateDrizzleJson(imports, previous.id));
      exportedOf.set(state, exported);
      return state;
    },
    questions: (previous, current, decisions) =>
      questions(api, sources, previous as State, current as State, decisions),
    diff: (previous, current, decisions) => {
      const made = async (before: Snapshot, after: Snapshot) => {
        const standIns = withStandIns(before as State, after as State, hardInFolders);
        const hints = hintsOf(decisions, before, sources).map((hint) =>
          renamedIn(hint, standIns.nameOf),
        );
        const { sql } = await decided(api, standIns.previous, standIns.current, hints);
        return sql.map(standIns.putBack);
      };
      const between = (before: Snapshot, after: Snapshot) =>
        withUnaltered(made, before, after, decisions.renames);
      return aroundEnums(between, previous, current, folderEnums);
    },
    async draft(path, folder, name, previous, current, decisions) {
      const { sql, hints } =
        current === undefined
          ? { sql: [], hints: [] }
          : await decided(api, previous, current, hintsOf(decisions, previous, sources));
      const exported = (current && exportedOf.get(current)) ?? [];
      const cli = await loadCli();
      const placed = await written(cli, path, folder, name, exported, sql.length === 0, hints);
      if (current === undefined || sql.length > 0) return placed;
      const known = (await storedIn(folder, loadCli)).filter((one) => one !== undefined);
      const stored = inOrder(known);
      return withTexts(placed, (text) =>
        withChanges(api.reconstruct, text, stored, previous, current),
      );
    },
  };
}

async function stateAt(
  api: FolderApi,
  loadCli: () => Promise<FolderCli>,
  folder: MigrationsFolder | undefined,
  index: number,
): Promise<Snapshot> {
  const stored = await storedIn(folder, loadCli);
  // A migration that was written by hand may have no snapshot: it leaves the schema as it was, to drizzle-kit.
  const own = stored.slice(0, index + 1).findLast((one) => one !== undefined);
  if (own === undefined) return empty;
  const present = stored.filter((one) => one !== undefined);
  const ends = index === stored.length - 1 ? endsOf(present).reverse() : [own.id];
  return readable(folder, () => state(api, present, ends));
}

async function stateBefore(
  api: FolderApi,
  loadCli: () => Promise<FolderCli>,
  folder: MigrationsFolder,
  index: number,
): Promise<Snapshot> {
  const stored = await storedIn(folder, loadCli);
  const own = stored[index];
  if (own === undefined) return stateAt(api, loadCli, folder, index);
  const present = stored.filter((one) => one !== undefined);
  return readable(folder, () => state(api, present, own.parents));
}

/** The snapshots of a folder in the format that drizzle-kit 1.0 reads; its betas wrote an older one. */
async function storedIn(
  folder: MigrationsFolder | undefined,
  loadCli: () => Promise<FolderCli>,
): Promise<(StoredSnapshot | undefined)[]> {
  const stored = folder === undefined ? [] : await readSnapshots(folder);
  if (!stored.some((one) => one !== undefined && isOld(one.content))) return stored;
  const cli = await loadCli();
  return inCopy(cli, folder, (out) =>
    Promise.all(
      stored.map(async (one, index) => {
        const tag = folder?.migrations[index]?.tag ?? "";
        if (one === undefined) return undefined;
        const text = await readFile(join(out, tag, "snapshot.json"), "utf8");
        return { ...one, content: { ...JSON.parse(text), id: one.id } };
      }),
    ),
  );
}

/** What some of the snapshots leave together: where they are several, what a migration that joins them would leave. */
async function state(
  api: FolderApi,
  stored: readonly StoredSnapshot[],
  ends: readonly string[],
): Promise<Snapshot> {
  const [first = firstParent, ...others] = ends;
  if (first === firstParent) return empty;
  if (others.length === 0) return api.reconstruct(inOrder(stored), first);
  const join = joining(ends);
  return api.reconstruct(
    inOrder([...stored, { id: join.id, parents: ends, content: join }]),
    join.id,
  );
}

/** drizzle-kit wants names that sort as the migrations do. */
function inOrder(stored: readonly StoredSnapshot[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    stored.map(({ content }, index) => [String(index).padStart(8, "0"), content]),
  );
}

/** The snapshot of a migration that joins branches, and changes nothing. */
export function joining(ends: readonly string[]) {
  const head = { id: randomUUID(), prevIds: ends, version: "9", dialect: "postgres" };
  return { ...head, type: "diff", footprints: [], deltas: [] };
}

function isOld({ version }: Readonly<Record<string, unknown>>): boolean {
  return Number(version) < 9;
}

/** Works in a temporary copy of a folder's snapshots, which drizzle-kit has converted to its newest format if need be. */
async function inCopy<Result>(
  cli: FolderCli,
  folder: MigrationsFolder | undefined,
  use: (out: string, temporary: string) => Promise<Result>,
): Promise<Result> {
  const temporary = await mkdtemp(join(tmpdir(), "drizzle-fleet-"));
  try {
    const out = join(temporary, "out");
    const stored = folder === undefined ? [] : await readSnapshots(folder);
    for (const [index, { tag, snapshot }] of (folder?.migrations ?? []).entries())
      if (stored[index] !== undefined) await cp(snapshot, join(out, tag, "snapshot.json"));
    if (stored.some((one) => one !== undefined && isOld(one.content)))
      await readable(folder, () => converted(cli, out));
    return await use(out, temporary);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function converted(cli: FolderCli, out: string): Promise<void> {
  const { status, error } = await captive(() => cli.up({ dialect: "postgresql", out }));
  if (status === "error") throw new Error(errorIn(error));
}

function errorIn(error: unknown): string {
  const { message } = (error ?? {}) as { readonly message?: unknown };
  return typeof message === "string" ? message : JSON.stringify(error);
}

async function withTexts(
  { files, list }: Placed,
  edit: (text: string) => Promise<string>,
): Promise<Placed> {
  const edited = list.map(async (file) => ({ ...file, text: await edit(file.text) }));
  return { files, list: await Promise.all(edited) };
}

async function readable<Result>(
  folder: MigrationsFolder | undefined,
  read: () => Promise<Result>,
): Promise<Result> {
  try {
    return await read();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FleetError("journal", `drizzle-kit cannot read the snapshots: ${reason}`, {
      ...(folder === undefined ? {} : { where: folder.path }),
      remedy: "Run: drizzle-fleet check. If a snapshot was lost, restore it from version control.",
      cause,
    });
  }
}

interface Missing {
  readonly kind: string;
  readonly entity: Entity;
}

/** Which questions drizzle-kit has left; undefined when it can make the SQL. */
async function missing(
  api: FolderApi,
  previous: Snapshot,
  current: Snapshot,
  hints: readonly Hint[],
): Promise<readonly Missing[] | string[]> {
  try {
    return await api.generateMigration(previous, current, { hints });
  } catch (error) {
    const { missingHints } = error as { missingHints?: readonly Missing[] };
    if (missingHints === undefined) throw error;
    return missingHints;
  }
}

/** The SQL with these hints. What they leave open is new: only a person's answer makes it a rename. */
async function decided(
  api: FolderApi,
  previous: Snapshot,
  current: Snapshot,
  given: readonly Hint[],
): Promise<{ readonly sql: string[]; readonly hints: readonly Hint[] }> {
  const hints = [...given];
  for (;;) {
    const [first, ...rest] = await missing(api, previous, current, hints);
    if (typeof first !== "object")
      return { sql: first === undefined ? [] : [first, ...(rest as string[])], hints };
    // One at a time: an answer about a column can settle those about its indexes and constraints.
    hints.push({ type: "create", kind: first.kind, entity: first.entity });
  }
}

async function questions(
  api: FolderApi,
  sources: readonly string[],
  previous: State,
  current: State,
  decisions: Decisions,
): Promise<RenameQuestion[]> {
  const open = (
    await missing(api, previous, current, hintsOf(decisions, previous, sources))
  ).filter((one) => typeof one === "object");
  const byPlace = new Map<string, RenameQuestion>();
  for (const { kind, entity } of open) {
    // Indexes and constraints hold no data: made anew, nothing is lost, and no question is needed.
    if (!(kind in entityTypes)) continue;
    const table = entity.length === 3 ? entity[1] : undefined;
    const place = JSON.stringify([kind, table]);
    const question = byPlace.get(place) ?? {
      kind: kind as Kind,
      ...(table === undefined ? {} : { table }),
      removed: removed(previous, current, kind as Kind, table, decisions),
      added: [],
    };
    byPlace.set(place, { ...question, added: [...question.added, entity.at(-1) ?? ""] });
  }
  return [...byPlace.values()];
}

/** What went of a kind, and was not renamed; for columns and policies, of one table by its new name. */
function removed(
  previous: State,
  current: State,
  kind: Kind,
  table: string | undefined,
  { renames }: Decisions,
): string[] {
  const before = renames.find((one) => one.kind === "table" && one.to === table)?.from ?? table;
  const namesIn = ({ ddl }: State, of: string | undefined) =>
    ddl.flatMap((row) =>
      row.entityType === entityTypes[kind] && (of === undefined || row.table === of)
        ? row.name
        : [],
    );
  const present = new Set(namesIn(current, table));
  const renamed = new Set(
    renames.flatMap((one) => (one.kind === kind && one.table === table ? one.from : [])),
  );
  return namesIn(previous, before).filter((name) => !present.has(name) && !renamed.has(name));
}

/** Tables first: what is in them is named by their new names. */
function hintsOf({ renames }: Decisions, previous: Snapshot, sources: readonly string[]): Hint[] {
  const rows = (previous as State).ddl;
  const hints = renames.map(({ kind, table, from, to }): Hint => {
    const before = renames.find((one) => one.kind === "table" && one.to === table)?.from ?? table;
    const place =
      kind === "role" || kind === "schema"
        ? []
        : [schemaIn(rows, sources, table === undefined ? kind : "table", before ?? from)];
    const owner = table === undefined ? place : [...place, table];
    return { type: "rename", kind, from: [...owner, from], to: [...owner, to] };
  });
  return [
    ...hints.filter(({ kind }) => kind === "table"),
    ...hints.filter(({ kind }) => kind !== "table"),
  ];
}

/** The schema of something in a snapshot; where several have its name, the target's comes first. */
function schemaIn(
  rows: readonly Row[],
  sources: readonly string[],
  kind: Kind,
  name: string,
): string {
  const schemas = rows.flatMap((row) =>
    row.entityType === entityTypes[kind] && row.name === name ? (row.schema ?? []) : [],
  );
  return schemas.find((schema) => sources.includes(schema)) ?? schemas[0] ?? "public";
}

function renamedIn(hint: Hint, nameOf: (name: string) => string): Hint {
  return hint.type === "create"
    ? { ...hint, entity: hint.entity.map(nameOf) }
    : { ...hint, from: hint.from.map(nameOf), to: hint.to.map(nameOf) };
}

/**
 * Lets drizzle-kit write the migration into a copy of the folder's snapshots, and takes its name and snapshot from
 * there. It reads schemas from files only: the file it gets exports what is loaded already.
 */
async function written(
  cli: FolderCli,
  path: string,
  folder: MigrationsFolder | undefined,
  name: string,
  exported: readonly unknown[],
  custom: boolean,
  hints: readonly Hint[],
): Promise<Placed> {
  return inCopy(cli, folder, async (out, temporary) => {
    const key = Symbol.for(temporary);
    const shared = globalThis as unknown as Record<symbol, unknown>;
    try {
      shared[key] = exported;
      const schema = join(temporary, "schema.mjs");
      await writeFile(schema, bridgeTo(temporary, exported.length));
      const options = { dialect: "postgresql", schema, out, name, custom, hints } as const;
      const result = await captive(() => cli.generate(options));
      if (result.migration_path === undefined)
        throw new FleetError("schema", `drizzle-kit wrote no migration: ${JSON.stringify(result)}`);
      const tag = basename(dirname(result.migration_path));
      const text = await readFile(join(out, tag, "snapshot.json"), "utf8");
      // Two in the same second, or a clock that was put back: the folder's order is that of the names.
      const files = filesInFolder(path, tagAfter(folder?.migrations.at(-1)?.tag ?? "", tag));
      return { files, list: [{ path: files.snapshot, text, replaces: false }] };
    } finally {
      delete shared[key];
    }
  });
}

function bridgeTo(key: string, count: number): string {
  const exports = Array.from(
    { length: count },
    (_, index) => `export const export${String(index).padStart(6, "0")} = all[${index}];\n`,
  );
  return `const all = globalThis[Symbol.for(${JSON.stringify(key)})];\n${exports.join("")}`;
}
