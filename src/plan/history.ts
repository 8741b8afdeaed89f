import type { LedgerEntry } from "../core/ledger.ts";
import type { Migration } from "../core/migration.ts";
import { digestsOfPrefixes } from "../ledger/digest.ts";
import { downTag } from "../ledger/down-tag.ts";
import { isChecksumOfMigration } from "../source/line-ends.ts";

/** A service's migrations, and what is known about its ledgers before any database is queried. */
export interface History {
  readonly migrations: readonly Migration[];
  /** Those of them that are contracts. */
  readonly contracts: readonly Migration[];
  /** The contracts that later migrations require. */
  readonly required: ReadonlySet<string>;
  /** The digests of ledgers with the first N migrations, for N from 0 to all. */
  readonly digests: readonly string[];
  /** The ledger entries for each of those digests, and for those of ledgers without the newest contracts. */
  readonly known: ReadonlyMap<string, readonly LedgerEntry[]>;
}

/** How many of the newest contracts can be held back in ledgers whose digests are known beforehand. */
const heldTogether = 4;

/** Prepares a service's migrations for planning. */
export function historyOf(migrations: readonly Migration[]): History {
  const contracts = migrations.filter(({ contract }) => contract !== undefined);
  const entries = migrations.map(({ tag, checksum }): LedgerEntry => ({ tag, checksum }));
  const digests = digestsOfPrefixes(entries);
  const known = new Map<string, readonly LedgerEntry[]>();
  // Contracts are applied in the order of the history, so the held ones are its newest.
  for (let count = Math.min(heldTogether, contracts.length); count > 0; count -= 1) {
    const held = new Set(contracts.slice(-count).map(({ tag }) => tag));
    addPrefixes(
      known,
      entries.filter(({ tag }) => !held.has(tag)),
    );
  }
  addPrefixes(known, entries, digests);
  return {
    migrations,
    contracts,
    required: new Set(migrations.flatMap(({ requires = [] }) => requires)),
    digests,
    known,
  };
}

function addPrefixes(
  known: Map<string, readonly LedgerEntry[]>,
  entries: readonly LedgerEntry[],
  digests = digestsOfPrefixes(entries),
): void {
  for (const [length, digest] of digests.entries()) known.set(digest, entries.slice(0, length));
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

/** Migrations that are not applied although a later one is. A contract is applied later than others on purpose. */
export function lateMigrations(
  history: History,
  byTag: ReadonlyMap<string, LedgerEntry>,
): Migration[] {
  const newest = history.migrations.findLastIndex(({ tag }) => byTag.has(tag));
  return history.migrations
    .slice(0, Math.max(newest, 0))
    .filter(({ tag, contract }) => contract === undefined && !isComplete(byTag.get(tag)));
}
