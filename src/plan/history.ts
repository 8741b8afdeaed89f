import type { LedgerEntry } from "../core/ledger.ts";
import type { Migration } from "../core/migration.ts";
import { digestsOfPrefixes } from "../ledger/digest.ts";
import { downTag } from "../ledger/down-tag.ts";
import { isChecksumOfMigration } from "../source/line-ends.ts";

/** A service's migrations, and what is known about its ledgers before any database is queried. */
export interface History {
  readonly migrations: readonly Migration[];
  /** The digests of ledgers with the first N migrations, for N from 0 to all. */
  readonly digests: readonly string[];
  /** The ledger entries for each of those digests. */
  readonly known: ReadonlyMap<string, readonly LedgerEntry[]>;
}

/** Prepares a service's migrations for planning. */
export function historyOf(migrations: readonly Migration[]): History {
  const entries = migrations.map(({ tag, checksum }): LedgerEntry => ({ tag, checksum }));
  const prefixes = Array.from({ length: entries.length + 1 }, (_, length) =>
    entries.slice(0, length),
  );
  const digests = digestsOfPrefixes(entries);
  return {
    migrations,
    digests,
    known: new Map(prefixes.map((prefix, length) => [digests[length] ?? "", prefix])),
  };
}

/** The entries of a ledger, matched with the migrations on disk. */
export interface MatchedEntries {
  /** By the tag of the migration on disk. */
  readonly byTag: ReadonlyMap<string, LedgerEntry>;
  /** Entries that match no migration on disk. */
  readonly strange: readonly LedgerEntry[];
  /** Entries of downs that were interrupted between two of their transactions. */
  readonly downs: readonly LedgerEntry[];
}

/**
 * Finds the ledger entry of each migration by its tag. After a conversion to drizzle-kit's newer layout tags differ, so the
 * rest is matched by checksum, in the history's order.
 */
export function matchEntries(
  { migrations }: History,
  entries: readonly LedgerEntry[],
): MatchedEntries {
  const tags = new Set(migrations.map(({ tag }) => tag));
  const byTag = new Map(
    entries.flatMap((entry) => (tags.has(entry.tag) ? [[entry.tag, entry]] : [])),
  );
  const recorded = new Set(entries.map(({ tag }) => downTag(tag)));
  const others = entries.filter(({ tag }) => !tags.has(tag));
  const downs = others.filter(({ tag }) => recorded.has(tag));
  const free = others
    .filter((entry) => !recorded.has(entry.tag) && isComplete(entry))
    .sort((left, right) => (left.tag < right.tag ? -1 : 1));
  for (const migration of migrations) {
    const { tag } = migration;
    if (byTag.has(tag)) continue;
    const index = free.findIndex((entry) => isChecksumOfMigration(migration, entry.checksum));
    const [entry] = index < 0 ? [] : free.splice(index, 1);
    if (entry !== undefined) byTag.set(tag, entry);
  }
  const found = new Set(byTag.values());
  return {
    byTag,
    strange: others.filter((entry) => !found.has(entry) && !downs.includes(entry)),
    downs,
  };
}

/** True for the entry of a migration that is applied completely. */
export function isComplete(entry: LedgerEntry | undefined): boolean {
  return entry !== undefined && entry.partial === undefined;
}

/** Migrations whose file no longer has the text that was applied. A change of line ends is not an edit. */
export function editedMigrations(
  history: History,
  byTag: ReadonlyMap<string, LedgerEntry>,
): Migration[] {
  return history.migrations.filter((migration) => {
    const entry = byTag.get(migration.tag);
    // The rest of a partly applied migration can be edited. The rollout checks the applied part.
    return (
      entry !== undefined &&
      entry.partial === undefined &&
      !isChecksumOfMigration(migration, entry.checksum)
    );
  });
}

/** Migrations that are not applied although a later one is. */
export function lateMigrations(
  history: History,
  byTag: ReadonlyMap<string, LedgerEntry>,
): Migration[] {
  const newest = history.migrations.findLastIndex(({ tag }) => byTag.has(tag));
  return history.migrations
    .slice(0, Math.max(newest, 0))
    .filter(({ tag }) => !isComplete(byTag.get(tag)));
}
