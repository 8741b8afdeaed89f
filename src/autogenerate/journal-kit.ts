import { randomUUID } from "node:crypto";
import { filesInJournal, type MigrationsFolder } from "../source/folder.ts";
import { journalPath, journalText, readJournal } from "../source/journal.ts";
import { firstParent, readNearest } from "../source/stored-snapshot.ts";
import type { Decisions, RenameQuestion } from "./decisions.ts";
import { withOmittedChanges } from "./kit-omissions.ts";
import type { Casing, Kit, NewMigration, NewMigrationFiles, Snapshot } from "./kit-types.ts";
import { newTag } from "./new-tag.ts";
import { type UpgradeApi, upgraded } from "./old-snapshots.ts";
import { runKit } from "./run-kit.ts";
import { partOf, renameQuestions, type SnapshotPart } from "./snapshot-parts.ts";
import { applyRenames } from "./snapshot-renames.ts";
import { hardInJournal, withStandIns } from "./stand-ins.ts";
import { diffAroundEnums, journalEnums, orderForeignKeys } from "./statement-order.ts";

/** What this package uses of `drizzle-kit/api` of drizzle-kit 0.31. */
export interface JournalApi extends UpgradeApi {
  generateDrizzleJson(
    imports: Readonly<Record<string, unknown>>,
    prevId: string,
    schemaFilters: undefined,
    casing: Casing,
  ): Snapshot;
  generateMigration(previous: Snapshot, current: Snapshot): Promise<string[]>;
}

interface JournalTools {
  readonly api: JournalApi;
  readonly sources: readonly string[];
}

const emptySnapshot: Snapshot = {
  id: firstParent,
  prevId: "",
  version: "7",
  dialect: "postgresql",
  tables: {},
  enums: {},
  schemas: {},
  policies: {},
  roles: {},
  sequences: {},
  views: {},
  _meta: { schemas: {}, tables: {}, columns: {} },
};

/** drizzle-kit 0.31. It would ask about renames in a terminal, so renames are applied before it sees the snapshots. */
export function journalKit(api: JournalApi, sources: readonly string[], version: string): Kit {
  return {
    layout: "journal",
    version,
    sources,
    at: (folder, index) => stateAt(api, folder, index),
    before: (folder, index) => stateAt(api, folder, index - 1),
    async state(stored, [end]) {
      const found = stored.find(({ id }) => id === end);
      return found === undefined ? emptySnapshot : upgraded(api, found.content);
    },
    async take(exported, previous, casing) {
      const imports = Object.fromEntries(exported.map((value, index) => [`export${index}`, value]));
      const snapshot = await runKit(async () =>
        api.generateDrizzleJson(imports, previous.id, undefined, casing),
      );
      const { id, prevId, ...rest } = snapshot;
      return { id, prevId, ...rest };
    },
    async questions(previous, current, { renames }): Promise<readonly RenameQuestion[]> {
      const { snapshot } = applyRenames(previous, current, renames, sources);
      return renameQuestions(snapshot, current, sources);
    },
    diff: (previous, current, decisions) =>
      runKit(() => diff({ api, sources }, previous, current, decisions)),
    draft: (migration) => draftInJournal(migration),
  };
}

async function stateAt(
  api: JournalApi,
  folder: MigrationsFolder | undefined,
  index: number,
): Promise<Snapshot> {
  const stored = folder && (await readNearest(folder, index));
  return stored === undefined ? emptySnapshot : quotedDefaults(await upgraded(api, stored.content));
}

/** drizzle-kit stored defaults of JSON and arrays as it wrote them into SQL: with quotes that end the literal early. */
function quotedDefaults(snapshot: Snapshot): Snapshot {
  const tables = Object.entries(partOf(snapshot, "tables")).map(([key, table]) => {
    const columns = Object.entries(partOf(table as SnapshotPart, "columns")).map(
      ([name, column]) => {
        const { default: text } = column as SnapshotPart;
        return [
          name,
          typeof text === "string"
            ? { ...(column as SnapshotPart), default: quoted(text) }
            : column,
        ];
      },
    );
    return [key, { ...(table as SnapshotPart), columns: Object.fromEntries(columns) }];
  });
  return { ...snapshot, tables: Object.fromEntries(tables) };
}

function quoted(text: string): string {
  const [, inner, cast] = /^'([[{"][\s\S]*)'(::jsonb?)?$/.exec(text) ?? [];
  if (inner === undefined || !inner.replaceAll("''", "").includes("'")) return text;
  return `'${inner.replaceAll("'", "''")}'${cast ?? ""}`;
}

async function diff(
  { api, sources }: JournalTools,
  previous: Snapshot,
  current: Snapshot,
  { renames }: Decisions,
): Promise<string[]> {
  const { snapshot, sql } = applyRenames(previous, current, renames, sources);
  const made = async (before: Snapshot, after: Snapshot) => {
    const standIns = withStandIns(before, after, hardInJournal);
    const statements = await api.generateMigration(standIns.previous, standIns.current);
    return orderForeignKeys(statements.map(standIns.putBack), before);
  };
  const between = (before: Snapshot, after: Snapshot) =>
    withOmittedChanges(made, before, after, renames);
  return [...sql, ...(await diffAroundEnums(between, snapshot, current, journalEnums))];
}

async function draftInJournal(migration: NewMigration): Promise<NewMigrationFiles> {
  const { path, name, previous, current, prefix } = migration;
  const snapshot = current ?? repeated(previous);
  const journal = await readJournal(path);
  const entries = journal?.entries ?? [];
  const idx = (entries.at(-1)?.idx ?? -1) + 1;
  const tag = await newTag(path, { entries, idx, name, configured: prefix });
  const when = Math.max(Date.now(), (entries.at(-1)?.when ?? 0) + 1);
  const entry = { idx, version: "7", when, tag, breakpoints: true };
  const files = filesInJournal(path, entry);
  const text = journalText(journal, [...entries, entry]);
  return {
    files,
    list: [
      { path: files.snapshot, text: JSON.stringify(snapshot, null, 2), replaces: true },
      { path: journalPath(path), text, replaces: true },
    ],
  };
}

/** A snapshot of the same schema, for a migration that does not change it. */
function repeated(snapshot: Snapshot): Snapshot {
  return { ...snapshot, id: randomUUID(), prevId: snapshot.id };
}
