import type { Migration } from "../core/migration.ts";
import type { PlanProblem, StampedEntry } from "../core/plan.ts";
import { digestOf } from "../ledger/digest.ts";
import type { DrizzleRow } from "../ledger/drizzle-table.ts";
import type { FilledTexts } from "../source/filled-text.ts";
import { isChecksumOfMigration } from "../source/line-ends.ts";
import type { History } from "./history.ts";
import {
  editedSinceProblem,
  noRowOfTenantProblem,
  sharedRowProblem,
  unknownRowProblem,
} from "./import-problems.ts";

/** When a migration was generated, in milliseconds since 1970, and the precision of that time. */
export interface GeneratedTime {
  readonly when: number;
  readonly precisionMs: number;
}

/** The rows of a table as ledger entries, or why they cannot be recorded. */
export interface ImportedRows {
  readonly entries: readonly StampedEntry[];
  readonly problems: readonly PlanProblem[];
}

/** The target whose table is read. */
export interface TableOwner {
  /** The tenant schema. */
  readonly schema: string;
  readonly texts: FilledTexts;
  /** For a table that tenants share: the schemas that each hash belongs to, see `FilledTexts.ownersOf`. */
  readonly owners?: ReadonlyMap<string, ReadonlySet<string>>;
  /** Accept migrations whose file was edited after they were applied, by their name or time. */
  readonly acceptEdited: boolean;
}

/**
 * Finds the migration of each row: by its name; else by the hash of its text, as it is on disk or with the tenant filled in;
 * else by the time it was generated. A row of an edited migration is a problem, and so is a row of no migration.
 *
 * @param generated when the migrations were generated, by tag
 * @param owner undefined: only texts as they are on disk are compared
 * @returns entries in the history's order; a migration without a row has none
 */
export function matchRows(
  history: History,
  generated: ReadonlyMap<string, GeneratedTime>,
  rows: readonly DrizzleRow[],
  owner?: TableOwner,
): ImportedRows {
  const { migrations } = history;
  const own = rows.filter((row) => !isOfAnother(row, owner));
  const isMixed = own.length < rows.length;
  const found = new Set<Migration>();
  const problems = own.flatMap((row, index): ((newest: string) => PlanProblem)[] => {
    const migration = migrationOf(row, index, { migrations, generated, found, owner });
    if (migration === undefined) return [(newest) => unknownRowProblem(row, index, newest)];
    found.add(migration);
    if (isMixed && isOfSeveral(row, owner)) return [() => sharedRowProblem(migration)];
    return isApplied(migration, row, owner) ? [] : [() => editedSinceProblem(migration)];
  });
  const matched = migrations.filter((migration) => found.has(migration));
  const last = migrations[Math.min(own.length, migrations.length) - 1];
  const newest = matched.at(-1)?.tag ?? last?.tag ?? "base";
  const entries = matched.map(({ tag, checksum }) => ({ tag, checksum }));
  return {
    entries: history.known.get(digestOf(entries)) ?? entries,
    problems: [
      ...problems.map((problem) => problem(newest)),
      ...(own.length === 0 && isMixed ? [noRowOfTenantProblem(history)] : []),
    ],
  };
}

/** True for a row of a shared table whose text was filled in for another tenant. */
function isOfAnother({ hash }: DrizzleRow, owner: TableOwner | undefined): boolean {
  const owners = owner?.owners?.get(hash ?? "");
  return owners !== undefined && owner !== undefined && !owners.has(owner.schema);
}

function isOfSeveral({ hash }: DrizzleRow, owner: TableOwner | undefined): boolean {
  return (owner?.owners?.get(hash ?? "")?.size ?? 0) > 1;
}

function isApplied(
  migration: Migration,
  { hash }: DrizzleRow,
  owner: TableOwner | undefined,
): boolean {
  if (owner?.acceptEdited === true || hash === undefined || isNameOf(migration, hash)) return true;
  return isChecksumOfMigration(migration, hash) || isFilled(migration, hash, owner, true);
}

function isFilled(
  migration: Migration,
  hash: string | undefined,
  owner: TableOwner | undefined,
  thorough: boolean,
): boolean {
  if (hash === undefined || owner === undefined) return false;
  return owner.texts.isOf(migration, hash, owner.schema, thorough);
}

/** True for the name of a migration or its file. Some migrators store it where drizzle-orm stores the hash. */
function isNameOf({ tag }: Migration, name: string | undefined): boolean {
  return name === tag || name === `${tag}.sql`;
}

/** What rows are matched with. */
interface Candidates {
  readonly migrations: readonly Migration[];
  readonly generated: ReadonlyMap<string, GeneratedTime>;
  /** Migrations that have a row already. */
  readonly found: ReadonlySet<Migration>;
  readonly owner: TableOwner | undefined;
}

/** The migration of a row. Migrations with the same text, such as empty ones, are told apart by their time. */
function migrationOf(
  row: DrizzleRow,
  index: number,
  { migrations, generated, found, owner }: Candidates,
): Migration | undefined {
  const { hash, name } = row;
  const sameTime = ({ tag }: Migration) => isFrom(generated.get(tag), row);
  const sameText = (migration: Migration) =>
    hash !== undefined && isChecksumOfMigration(migration, hash);
  // Rows are in the order of application, so the migration at the same index is the likely one.
  const likely = migrations[index];
  const sameFilledText = (migration: Migration) =>
    isFilled(migration, hash, owner, migration === likely || sameTime(migration));
  const criteria = [
    (one: Migration) => isNameOf(one, name),
    (one: Migration) => isNameOf(one, hash),
    sameText,
    (one: Migration) => sameTime(one) && sameFilledText(one),
    sameTime,
    sameFilledText,
  ];
  for (const criterion of criteria) {
    const candidates = migrations.filter(criterion);
    const free = candidates.filter((one) => !found.has(one));
    const chosen = free.find(sameTime) ?? free[0] ?? candidates[0];
    if (chosen !== undefined) return chosen;
  }
  return undefined;
}

function isFrom(generated: GeneratedTime | undefined, { createdAt }: DrizzleRow): boolean {
  if (generated === undefined || createdAt === undefined) return false;
  const { when, precisionMs } = generated;
  return Math.floor(createdAt / precisionMs) === Math.floor(when / precisionMs);
}
