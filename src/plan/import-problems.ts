import { countedRelations } from "../core/count.ts";
import type { Migration } from "../core/migration.ts";
import type { PlanProblem, TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import type { DrizzleRow } from "../ledger/drizzle-table.ts";
import type { History } from "./history.ts";

// Remedies contain placeholders for the command that repeats the import, and for the options that select the targets: one
// command is for all targets with the same problem. `withCommands` fills them in.
export const sameImport = "{import}";
export const theseTargets = "{targets}";

/** @param head the service's newest migration */
export function appliedElsewhereProblem(head: string): PlanProblem {
  return notImported(
    "the tenant schema is empty, so the migrations in the table were applied to another schema",
    `Run npx drizzle-fleet migrate for this target. Or, if its migrations create no tables, run: ${stampTo(head)}`,
  );
}

/** @param head the service's newest migration */
export function noRowsProblem(head: string): PlanProblem {
  return notImported(
    "the table of applied migrations has no rows, but the tenant schema contains tables, views or sequences",
    `Drop that table, move everything else to another schema, and run npx drizzle-fleet migrate for this target. Or, if the schema is at ${head}, run: ${stampTo(head)}`,
  );
}

/** @param tag a migration in the ledger */
export function notInTableProblem(tag: string): PlanProblem {
  return notImported(
    `the ledger has ${tag}, but the table of applied migrations does not`,
    `Once drizzle-fleet has migrated a target, there is nothing left to import. To empty the ledger before you import again, run: ${stampTo("base")}`,
    tag,
  );
}

export function editedSinceProblem({ tag, file }: Migration): PlanProblem {
  return notImported(
    `${tag} was applied with text that differs from ${file}`,
    `Check out the version of ${file} that was applied, then run the same command again. Or, if both versions create the same schema, run: ${sameImport} --accept-edited`,
    tag,
  );
}

/** A shared table that has rows for each tenant, and one whose text does not contain a tenant schema. */
export function sharedRowProblem({ tag }: Migration): PlanProblem {
  return notImported(
    `the table is shared, and its row for ${tag} does not show which tenant it belongs to`,
    `If the tenant schema is at ${tag}, run: ${stampTo(tag)}`,
    tag,
  );
}

export function noRowOfTenantProblem({ migrations }: History): PlanProblem {
  const head = migrations.at(-1)?.tag ?? "base";
  return notImported(
    "the table is shared, and has no row for this tenant",
    `If its schema is empty, run npx drizzle-fleet migrate for this target. If it is at ${head}, run: ${stampTo(head)}`,
  );
}

/** @param newest the tag that the target most likely has */
export function unknownRowProblem(
  { name, hash = "", createdAt }: DrizzleRow,
  index: number,
  newest: string,
): PlanProblem {
  const time = new Date(createdAt ?? Number.NaN);
  const from = Number.isNaN(time.getTime()) ? [] : [`generated at ${time.toISOString()}`];
  const row = [
    name ?? `row ${index + 1}`,
    ...(hash === "" ? [] : [`hash ${hash.slice(0, 12)}...`]),
    ...from,
  ];
  return notImported(
    `an applied migration is not on disk (${row.join(", ")})`,
    `Check out the version of the repository that has it, then run the same command again. Or, if the tenant schema is at ${newest}, run: ${stampTo(newest)}`,
    name,
  );
}

/**
 * @param count relations in the tenant schema
 * @param most relations in most others after the same migrations
 */
export function incompleteProblem(count: number, most: number, tag: string): PlanProblem {
  return notImported(
    `the table is shared, and this tenant schema contains ${countedRelations(count)}, but most others contain ${most}`,
    `Find out which migration it is at, and stamp that one. If it is ${tag}, run: ${stampTo(tag)}`,
  );
}

function stampTo(tag: string): string {
  return `npx drizzle-fleet stamp ${tag}${theseTargets}`;
}

function notImported(message: string, remedy: string, tag?: string): PlanProblem {
  return { kind: "notImported", tag, message, remedy };
}

/** The part of a message that differs between tenants with the same problem. */
const hashInMessage = /, hash [0-9a-f]+\.\.\./;

export interface TargetOptions {
  /** The options that select some targets. */
  readonly selection: string;
  /** A sentence to put first if the options do not select all of the targets; otherwise empty. */
  readonly note: string;
}

/**
 * Gives targets with the same problem the same message and remedy.
 *
 * @param again the command that repeats the import
 */
export function withCommands(
  plans: readonly TargetPlan[],
  again: string,
  optionsFor: (targets: readonly Target[]) => TargetOptions,
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
    const { selection, note } = optionsFor(group.map(({ target }) => target));
    return group[0].problems.map((problem, index): PlanProblem => {
      const { message } = problem;
      const remedy = `${problem.remedy.includes(theseTargets) ? note : ""}${problem.remedy}`;
      const differ = group.some((one) => one.problems[index]?.message !== message);
      return {
        ...problem,
        message: differ ? message.replace(hashInMessage, "") : message,
        remedy: remedy
          .replaceAll(sameImport, () => again)
          .replaceAll(theseTargets, () => selection),
      };
    });
  }
}
