import type { LedgerState } from "../core/ledger.ts";
import type { Migration } from "../core/migration.ts";
import type { PlanProblem, StampedEntry, TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { digestOf } from "../ledger/digest.ts";
import type { DrizzleRow } from "../ledger/drizzle-table.ts";
import { isOfText } from "../source/line-ends.ts";
import { type History, resolve } from "./build.ts";
import { noSchema, planStamp } from "./stamp.ts";

/** When a migration was generated, in milliseconds since 1970, and how exactly that is known. */
export interface Generated {
  readonly when: number;
  readonly precisionMs: number;
}

/** What a table of drizzle-orm's own migrator comes to: what to record, or why it cannot be. */
export interface Imported {
  readonly entries: readonly StampedEntry[];
  readonly problems: readonly PlanProblem[];
}

/** Plans to record on one target what drizzle-orm's own migrator has recorded of it. */
export function planImport(
  target: Target,
  history: History,
  state: LedgerState,
  imported: Imported,
): TargetPlan {
  const plan = planStamp(target, history, state, { entries: imported.entries });
  const problems = [
    plan.problems,
    noSchema(state),
    imported.problems,
    emptySchema(state, imported),
    forgotten(history, state, imported),
  ].find(({ length }) => length > 0);
  return problems === undefined ? plan : { ...plan, steps: [], problems };
}

/**
 * Finds the migration of each row: by its name, else by the hash of its file, else by the time it was generated. A
 * file that is another than the one that was applied is a problem, and so is a row of no migration.
 *
 * @param generated the times of the migrations, by tag
 * @returns entries in the history's order, with holes where rows are missing
 */
export function matchRows(
  history: History,
  generated: ReadonlyMap<string, Generated>,
  rows: readonly DrizzleRow[],
): Imported {
  const found = new Set<Migration>();
  const problems = rows.flatMap((row): PlanProblem[] => {
    const migration = migrationOf(row, history.migrations, generated, found);
    if (migration === undefined) return [unknownRow(row)];
    found.add(migration);
    return isOfText(migration, row.hash) ? [] : [editedSince(migration)];
  });
  const entries = history.migrations
    .filter((migration) => found.has(migration))
    .map(({ tag, checksum }) => ({ tag, checksum }));
  return { entries: history.known.get(digestOf(entries)) ?? entries, problems };
}

/** Files may share their text, as empty ones do: then the time tells them apart, and each serves once. */
function migrationOf(
  row: DrizzleRow,
  migrations: readonly Migration[],
  generated: ReadonlyMap<string, Generated>,
  found: ReadonlySet<Migration>,
): Migration | undefined {
  const sameTime = ({ tag }: Migration) => isFrom(generated.get(tag), row);
  const candidates = [
    migrations.filter(({ tag }) => tag === row.name),
    migrations.filter((migration) => isOfText(migration, row.hash)),
    migrations.filter(sameTime),
  ].find(({ length }) => length > 0);
  const free = candidates?.filter((one) => !found.has(one)) ?? [];
  return free.find(sameTime) ?? free[0] ?? candidates?.[0];
}

function isFrom(generated: Generated | undefined, { createdAt }: DrizzleRow): boolean {
  if (generated === undefined || createdAt === undefined) return false;
  const { when, precisionMs } = generated;
  return Math.floor(createdAt / precisionMs) === Math.floor(when / precisionMs);
}

/** Rows that count for every tenant must not make a new one miss all its tables. */
function emptySchema(state: LedgerState, { entries }: Imported): PlanProblem[] {
  if (state.kind !== "noLedger" || state.relations > 0 || entries.length === 0) return [];
  return [
    {
      kind: "notImported",
      tag: undefined,
      message: "the tenant schema is empty, so that what drizzle-orm applied was applied elsewhere",
      remedy:
        "Leave this target to drizzle-fleet migrate; or, if its migrations make no tables, record what it has with drizzle-fleet stamp <tag>.",
    },
  ];
}

/** What the ledger has beyond drizzle-orm's rows was applied since they were taken over: it must not be lost. */
function forgotten(history: History, state: LedgerState, { entries }: Imported): PlanProblem[] {
  if (state.kind !== "ledger") return [];
  const { byTag, strange, downs } = resolve(history, state.entries);
  const kept = new Set(entries.map(({ tag }) => tag));
  const tags = [...byTag.keys(), ...[...strange, ...downs].map(({ tag }) => tag)];
  const tag = tags.find((one) => !kept.has(one));
  if (tag === undefined) return [];
  return [
    {
      kind: "notImported",
      tag,
      message: `the ledger has ${tag}, which is not among the migrations that drizzle-orm has applied`,
      remedy:
        "There is nothing more to take over where drizzle-fleet migrates. To begin anew, empty the ledger first with drizzle-fleet stamp base.",
    },
  ];
}

function editedSince({ tag, file }: Migration): PlanProblem {
  return {
    kind: "notImported",
    tag,
    message: `drizzle-orm has applied ${tag} as another text than ${file} has now`,
    remedy: `Check out the version of ${file} that was applied, and import again; or, if it made the same, record what this target has with drizzle-fleet stamp <tag>.`,
  };
}

function unknownRow({ name, hash, createdAt }: DrizzleRow): PlanProblem {
  const time = new Date(createdAt ?? Number.NaN);
  const from = Number.isNaN(time.getTime()) ? "" : `, generated at ${time.toISOString()}`;
  const label = name === undefined ? "" : `${name}, `;
  return {
    kind: "notImported",
    tag: name,
    message: `drizzle-orm has applied a migration that is not on disk (${label}hash ${hash.slice(0, 12)}...${from})`,
    remedy:
      "Check out the version of the repository that has it, and import again; or record what this target has with drizzle-fleet stamp <tag>.",
  };
}
