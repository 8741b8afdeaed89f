import { countedRelations } from "../core/count.ts";
import type { LedgerState } from "../core/ledger.ts";
import type { Migration } from "../core/migration.ts";
import type { PlanProblem, StampedEntry, TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { digestOf } from "../ledger/digest.ts";
import type { DrizzleRow } from "../ledger/drizzle-table.ts";
import type { FilledTexts } from "../source/filled-text.ts";
import { isChecksumOfMigration } from "../source/line-ends.ts";
import { type History, resolve } from "./build.ts";
import { noSchema, planTargetStamp } from "./stamp.ts";

/** When a migration was generated, in milliseconds since 1970, and how exactly that is known. */
export interface Generated {
  readonly when: number;
  readonly precisionMs: number;
}

/** What a table comes to: what to record, or why it cannot be. */
export interface Imported {
  readonly entries: readonly StampedEntry[];
  readonly problems: readonly PlanProblem[];
}

/**
 * What stands in a remedy for the same import, and for the options that choose the targets with the problem: many have
 * the same one, and one command is for all of them.
 */
export const sameImport = "{import}";
export const theseTargets = "{targets}";

/** What is known of the target whose table is read. */
export interface TableOwner {
  /** The tenant schema. */
  readonly schema: string;
  readonly texts: FilledTexts;
  /** For a table that tenants share: whose each hash is, see `FilledTexts.ownersOf`. */
  readonly owners?: ReadonlyMap<string, ReadonlySet<string>>;
  /** Take over migrations whose file was edited since, by their name or time. */
  readonly acceptEdited: boolean;
}

/** Plans to record on one target what another migrator has recorded of it. */
export function planTargetImport(
  target: Target,
  history: History,
  state: LedgerState,
  imported: Imported,
): TargetPlan {
  const plan = planTargetStamp(target, history, state, { entries: imported.entries });
  const problems = [
    plan.problems,
    noSchema(state),
    // First, because the remedies of the others would cut the ledger.
    forgotten(history, state, imported),
    imported.problems,
    emptySchema(history, state, imported),
  ].find(({ length }) => length > 0);
  return problems === undefined ? plan : { ...plan, steps: [], problems };
}

/**
 * Finds the migration of each row: by its name, else by the hash of its text, as it is or as the project's own loop
 * filled it in, else by the time it was generated. A text that is another than the one that was applied is a problem,
 * and so is a row of no migration.
 *
 * @param generated the times of the migrations, by tag
 * @param owner undefined: a text counts only as it is on disk
 * @returns entries in the history's order, with holes where rows are missing
 */
export function matchRows(
  history: History,
  generated: ReadonlyMap<string, Generated>,
  rows: readonly DrizzleRow[],
  owner?: TableOwner,
): Imported {
  const own = rows.filter((row) => !isOfAnother(row, owner));
  const isMixed = own.length < rows.length;
  const found = new Set<Migration>();
  const problems = own.flatMap((row, index): ((newest: string) => PlanProblem)[] => {
    const migration = migrationOf(row, index, history.migrations, generated, found, owner);
    if (migration === undefined) return [(newest) => unknownRow(row, index, newest)];
    found.add(migration);
    if (isMixed && isOfEvery(row, owner)) return [() => ofSomeTenant(migration)];
    return isApplied(migration, row, owner) ? [] : [() => editedSince(migration)];
  });
  const matched = history.migrations.filter((migration) => found.has(migration));
  const last = history.migrations[Math.min(own.length, history.migrations.length) - 1];
  const newest = matched.at(-1)?.tag ?? last?.tag ?? "base";
  const entries = matched.map(({ tag, checksum }) => ({ tag, checksum }));
  return {
    entries: history.known.get(digestOf(entries)) ?? entries,
    problems: [
      ...problems.map((problem) => problem(newest)),
      ...(own.length === 0 && isMixed ? [nothingOfTenant(history)] : []),
    ],
  };
}

/** In a table that tenants share, a text that was filled in for another one says nothing of this one. */
function isOfAnother({ hash }: DrizzleRow, owner: TableOwner | undefined): boolean {
  const owners = owner?.owners?.get(hash ?? "");
  return owners !== undefined && owner !== undefined && !owners.has(owner.schema);
}

function isOfEvery({ hash }: DrizzleRow, owner: TableOwner | undefined): boolean {
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

/** The name of a migration, or of its file. Some loops keep it where drizzle-orm keeps the hash. */
function isNameOf({ tag }: Migration, name: string | undefined): boolean {
  return name === tag || name === `${tag}.sql`;
}

/** Files may share their text, as empty ones do: then the time tells them apart, and each serves once. */
function migrationOf(
  row: DrizzleRow,
  index: number,
  migrations: readonly Migration[],
  generated: ReadonlyMap<string, Generated>,
  found: ReadonlySet<Migration>,
  owner: TableOwner | undefined,
): Migration | undefined {
  const { hash, name } = row;
  const sameTime = ({ tag }: Migration) => isFrom(generated.get(tag), row);
  const asItIs = (migration: Migration) =>
    hash !== undefined && isChecksumOfMigration(migration, hash);
  // Rows stand in the order in which they were applied: the one at the same place is the likely one.
  const likely = migrations[index];
  const asFilled = (migration: Migration) =>
    isFilled(migration, hash, owner, migration === likely || sameTime(migration));
  const ways = [
    (one: Migration) => isNameOf(one, name),
    (one: Migration) => isNameOf(one, hash),
    asItIs,
    (one: Migration) => sameTime(one) && asFilled(one),
    sameTime,
    asFilled,
  ];
  for (const way of ways) {
    const candidates = migrations.filter(way);
    const free = candidates.filter((one) => !found.has(one));
    const chosen = free.find(sameTime) ?? free[0] ?? candidates[0];
    if (chosen !== undefined) return chosen;
  }
  return undefined;
}

function isFrom(generated: Generated | undefined, { createdAt }: DrizzleRow): boolean {
  if (generated === undefined || createdAt === undefined) return false;
  const { when, precisionMs } = generated;
  return Math.floor(createdAt / precisionMs) === Math.floor(when / precisionMs);
}

/** Rows that count for every tenant must not make a new one miss all its tables; and no rows explain no tables. */
function emptySchema(
  { migrations }: History,
  state: LedgerState,
  { entries }: Imported,
): PlanProblem[] {
  if (state.kind !== "noLedger" || state.relations > 0 === entries.length > 0) return [];
  const head = migrations.at(-1)?.tag ?? "base";
  if (entries.length > 0)
    return [
      notImported(
        "the tenant schema is empty, so that what the table says was applied elsewhere",
        `Leave this target to drizzle-fleet migrate; or, if its migrations make no tables, record that it has them: ${stampTo(head)}`,
      ),
    ];
  if (state.relations === 0) return [];
  return [
    notImported(
      "the table of applied migrations has no row, though the tenant schema holds tables, views or sequences",
      `Drop that table, move away what else there is, and leave this target to drizzle-fleet migrate. Or, if the schema is as ${head} leaves it, record that: ${stampTo(head)}`,
    ),
  ];
}

/** What the ledger has beyond the rows was applied since they were taken over: it must not be lost. */
function forgotten(history: History, state: LedgerState, { entries }: Imported): PlanProblem[] {
  if (state.kind !== "ledger") return [];
  const { byTag, strange, downs } = resolve(history, state.entries);
  const kept = new Set(entries.map(({ tag }) => tag));
  const tags = [...byTag.keys(), ...[...strange, ...downs].map(({ tag }) => tag)];
  const tag = tags.find((one) => !kept.has(one));
  if (tag === undefined) return [];
  return [
    notImported(
      `the ledger has ${tag}, which the table of applied migrations does not have`,
      `There is nothing more to take over where drizzle-fleet migrates. To begin anew, empty the ledger first: ${stampTo("base")}`,
      tag,
    ),
  ];
}

function editedSince({ tag, file }: Migration): PlanProblem {
  return notImported(
    `${tag} was applied as another text than ${file} has now`,
    `Check out the version of ${file} that was applied, and import there. Or, if both make the same, take it over by its name or time: ${sameImport} --accept-edited`,
    tag,
  );
}

/** In a table that tenants share, and that has rows for each of them, a text without a tenant's schema is of any. */
function ofSomeTenant({ tag }: Migration): PlanProblem {
  return notImported(
    `the table is shared, and its row for ${tag} does not say of which tenant it is`,
    `If the tenant schema is as ${tag} leaves it, record that: ${stampTo(tag)}`,
    tag,
  );
}

function nothingOfTenant({ migrations }: History): PlanProblem {
  const head = migrations.at(-1)?.tag ?? "base";
  return notImported(
    "the table is shared, and has no row of this tenant",
    `If its schema is empty, leave this target to drizzle-fleet migrate. If it is as ${head} leaves it, record that: ${stampTo(head)}`,
  );
}

/** @param newest the tag that the target most likely has */
function unknownRow(
  { name, hash = "", createdAt }: DrizzleRow,
  index: number,
  newest: string,
): PlanProblem {
  const time = new Date(createdAt ?? Number.NaN);
  const from = Number.isNaN(time.getTime()) ? [] : [`generated at ${time.toISOString()}`];
  const what = [
    name ?? `row ${index + 1}`,
    ...(hash === "" ? [] : [`hash ${hash.slice(0, 12)}...`]),
    ...from,
  ];
  return notImported(
    `a migration was applied that is not on disk (${what.join(", ")})`,
    `Check out the version of the repository that has it, and import there. Or, if the tenant schema is as ${newest} leaves it, record that: ${stampTo(newest)}`,
    name,
  );
}

function stampTo(tag: string): string {
  return `npx drizzle-fleet stamp ${tag}${theseTargets}`;
}

function notImported(message: string, remedy: string, tag?: string): PlanProblem {
  return { kind: "notImported", tag, message, remedy };
}

/**
 * A table that tenants share says the same of all of them. A tenant schema that holds less than most others have after
 * the same migrations has not got them all.
 *
 * @param relations what the schemas hold of those targets whose table is a shared one
 */
export function refuseFewer(
  plans: readonly TargetPlan[],
  relations: ReadonlyMap<Target, number>,
): TargetPlan[] {
  const claimOf = ({ target, steps }: TargetPlan) =>
    JSON.stringify([target.database, target.service, steps[0]?.tag, steps[0]?.entries?.length]);
  const counts = new Map<string, Map<number, number>>();
  for (const plan of plans) {
    const count = relations.get(plan.target);
    if (count === undefined || plan.steps.length === 0) continue;
    const own = counts.get(claimOf(plan)) ?? new Map<number, number>();
    counts.set(claimOf(plan), own.set(count, (own.get(count) ?? 0) + 1));
  }
  const usual = new Map(
    [...counts].map(([claim, own]) => {
      const [most] = [...own].sort(([left, often], [right, rare]) => rare - often || right - left);
      return [claim, most?.[0] ?? 0] as const;
    }),
  );
  return plans.map((plan) => {
    const count = relations.get(plan.target);
    const most = usual.get(claimOf(plan)) ?? 0;
    if (count === undefined || plan.steps.length === 0 || count >= most) return plan;
    return { ...plan, steps: [], problems: [fewer(count, most, plan.steps[0]?.tag ?? "base")] };
  });
}

function fewer(count: number, most: number, tag: string): PlanProblem {
  return notImported(
    `the table is shared, and this tenant schema holds ${countedRelations(count)}, where most others hold ${most}`,
    `Find out which migration it is at, and record that; if it is as ${tag} leaves it: ${stampTo(tag)}`,
  );
}

/** The part of a message that differs between tenants with the same problem. */
const hashInMessage = /, hash [0-9a-f]+\.\.\./;

/**
 * Gives the targets that have the same problem one message and one remedy.
 *
 * @param again the command of the same import
 * @param options the options that choose some targets
 */
export function withCommands(
  plans: readonly TargetPlan[],
  again: string,
  options: (targets: readonly Target[]) => string,
): TargetPlan[] {
  const keyOf = ({ target, problems }: TargetPlan) =>
    JSON.stringify([
      target.service,
      problems.map(({ message, remedy }) => [message.replace(hashInMessage, ""), remedy]),
    ]);
  const groups = new Map<string, [TargetPlan, ...TargetPlan[]]>();
  for (const plan of plans) {
    const group = groups.get(keyOf(plan));
    if (group === undefined) groups.set(keyOf(plan), [plan]);
    else group.push(plan);
  }
  const problems = new Map([...groups].map(([key, group]) => [key, together(group)]));
  return plans.map((plan) => ({ ...plan, problems: problems.get(keyOf(plan)) ?? [] }));

  function together(group: readonly [TargetPlan, ...TargetPlan[]]): PlanProblem[] {
    const only = options(group.map(({ target }) => target));
    return group[0].problems.map((problem, index): PlanProblem => {
      const { message, remedy } = problem;
      const differ = group.some((one) => one.problems[index]?.message !== message);
      return {
        ...problem,
        message: differ ? message.replace(hashInMessage, "") : message,
        remedy: remedy.replaceAll(sameImport, () => again).replaceAll(theseTargets, () => only),
      };
    });
  }
}
