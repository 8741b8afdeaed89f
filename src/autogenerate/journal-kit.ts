import { randomUUID } from "node:crypto";
import type { Prefix } from "../config/schema.ts";
import { filesInJournal, type MigrationsFolder } from "../source/folder.ts";
import { journalPath, journalText, readJournal } from "../source/journal.ts";
import { firstParent, readNearest } from "../source/stored-snapshot.ts";
import { captive } from "./captive.ts";
import type { Decisions, RenameQuestion } from "./decisions.ts";
import type { Casing, Kit, Placed, Snapshot } from "./kit-types.ts";
import { type UpgradeApi, upgraded } from "./old-snapshots.ts";
import { aroundEnums, foreignKeysAround, journalEnums } from "./ordered.ts";
import { newTag } from "./prefix.ts";
import { type Part, partOf, renameQuestions } from "./snapshot-parts.ts";
import { applyRenames } from "./snapshot-renames.ts";
import { hardInJournal, withStandIns } from "./stand-ins.ts";
import { withUnaltered } from "./unaltered.ts";

/** What is used of `drizzle-kit/api` of drizzle-kit 0.31. */
export interface JournalApi extends UpgradeApi {
  generateDrizzleJson(
    imports: Readonly<Record<string, unknown>>,
    prevId: string,
    schemaFilters: undefined,
    casing: Casing,
  ): Snapshot;
  generateMigration(previous: Snapshot, current: Snapshot): Promise<string[]>;
}

const empty: Snapshot = {
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

/** drizzle-kit 0.31. It asks about renames itself, on a terminal only: here it never gets to ask. */
export function journalKit(api: JournalApi, sources: readonly string[], version: string): Kit {
  return {
    layout: "journal",
    version,
    sources,
    at: (folder, index) => stateAt(api, folder, index),
    before: (folder, index) => stateAt(api, folder, index - 1),
    async state(stored, [end]) {
      const found = stored.find(({ id }) => id === end);
      return found === undefined ? empty : upgraded(api, found.content);
    },
    async take(exported, previous, casing) {
      const imports = Object.fromEntries(exported.map((value, index) => [`export${index}`, value]));
      const snapshot = await captive(async () =>
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
      captive(() => diff(api, sources, previous, current, decisions)),
    draft: (path, _folder, name, previous, current, _decisions, prefix) =>
      inJournal(path, name, current ?? repeated(previous), prefix),
  };
}

async function stateAt(
  api: JournalApi,
  folder: MigrationsFolder | undefined,
  index: number,
): Promise<Snapshot> {
  const stored = folder && (await readNearest(folder, index));
  return stored === undefined ? empty : quotedDefaults(await upgraded(api, stored.content));
}

/** drizzle-kit has stored the defaults of JSON and arrays as it wrote them: with quotes that end the literal. */
function quotedDefaults(snapshot: Snapshot): Snapshot {
  const tables = Object.entries(partOf(snapshot, "tables")).map(([key, table]) => {
    const columns = Object.entries(partOf(table as Part, "columns")).map(([name, column]) => {
      const { default: text } = column as Part;
      return [
        name,
        typeof text === "string" ? { ...(column as Part), default: quoted(text) } : column,
      ];
    });
    return [key, { ...(table as Part), columns: Object.fromEntries(columns) }];
  });
  return { ...snapshot, tables: Object.fromEntries(tables) };
}

function quoted(text: string): string {
  const [, inner, cast] = /^'([[{"][\s\S]*)'(::jsonb?)?$/.exec(text) ?? [];
  if (inner === undefined || !inner.replaceAll("''", "").includes("'")) return text;
  return `'${inner.replaceAll("'", "''")}'${cast ?? ""}`;
}

/** Renames are ours: drizzle-kit would only ask about them. */
async function diff(
  api: JournalApi,
  sources: readonly string[],
  previous: Snapshot,
  current: Snapshot,
  { renames }: Decisions,
): Promise<string[]> {
  const { snapshot, sql } = applyRenames(previous, current, renames, sources);
  const made = async (before: Snapshot, after: Snapshot) => {
    const standIns = withStandIns(before, after, hardInJournal);
    const statements = await api.generateMigration(standIns.previous, standIns.current);
    return foreignKeysAround(statements.map(standIns.putBack), before);
  };
  const between = (before: Snapshot, after: Snapshot) =>
    withUnaltered(made, before, after, renames);
  return [...sql, ...(await aroundEnums(between, snapshot, current, journalEnums))];
}

/** A snapshot of the same schema, for the migration behind it. */
function repeated(snapshot: Snapshot): Snapshot {
  return { ...snapshot, id: randomUUID(), prevId: snapshot.id };
}

async function inJournal(
  folder: string,
  name: string,
  snapshot: Snapshot,
  prefix: Prefix | undefined,
): Promise<Placed> {
  const journal = await readJournal(folder);
  const entries = journal?.entries ?? [];
  const idx = (entries.at(-1)?.idx ?? -1) + 1;
  const tag = await newTag(folder, entries, idx, name, prefix);
  const when = Math.max(Date.now(), (entries.at(-1)?.when ?? 0) + 1);
  const entry = { idx, version: "7", when, tag, breakpoints: true };
  const files = filesInJournal(folder, entry);
  return {
    files,
    list: [
      { path: files.snapshot, text: JSON.stringify(snapshot, null, 2), replaces: true },
      {
        path: journalPath(folder),
        text: journalText(journal, [...entries, entry]),
        replaces: true,
      },
    ],
  };
}
