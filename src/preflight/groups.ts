import { FleetError, throwProblems } from "../core/errors.ts";
import type { Statement } from "../core/migration.ts";
import type { TargetPlan } from "../core/plan.ts";
import type { PlannedFleet } from "../fleet/plan-fleet.ts";
import type { Scripts } from "../fleet/scripts.ts";
import { allowanceOf, sharedSchemasOf } from "../fleet/services.ts";
import { loadParser } from "../sql/parser.ts";
import type { Assertion, Assertions } from "./assertion.ts";
import { assertionsOf, pendingStatements } from "./assertions.ts";
import { type DependencyCheck, dependencyChecksOf } from "./dependents.ts";
import { type Effect, lockedTables } from "./effects.ts";
import { type Effects, effectsOfAll } from "./forecast.ts";
import { type NameCheck, nameChecksOf } from "./names.ts";
import { readOwnAssertions } from "./own.ts";
import type { PendingStatement } from "./statement.ts";

/** Targets of a service with the same pending migrations, and everything that these need and do. */
export interface TargetGroup {
  readonly service: string;
  readonly plans: readonly TargetPlan[];
  readonly statements: readonly PendingStatement[];
  readonly asserted: Assertions;
  readonly names: readonly NameCheck[];
  readonly dependencies: readonly DependencyCheck[];
  readonly effects: readonly Effects[];
  /** The tables that exist before, with the strongest lock on each. */
  readonly locked: ReadonlyMap<string, Effect>;
  readonly sharedSchemas: readonly string[];
}

/**
 * Groups the targets that have something to do by their steps: their statements are parsed once.
 *
 * @throws FleetError `syntax` or `isolation` for assertions of the user that cannot be run
 */
export async function groupTargets(
  { context, histories }: PlannedFleet,
  plans: readonly TargetPlan[],
  scriptOf: Scripts["scriptOf"],
): Promise<TargetGroup[]> {
  await loadParser();
  const { services } = context.config.fleet;
  const problems: FleetError[] = [];
  const groups = [...bySteps(plans).values()].map((own): TargetGroup => {
    const [{ target, steps }] = own;
    const { service } = target;
    const config = services[service];
    const scripts = steps.flatMap(({ tag, resumeAt }) => {
      const script = scriptOf(service, tag);
      return script === undefined ? [] : { script, resumeAt };
    });
    const statements = pendingStatements(scripts);
    const written = new Map<Statement, Assertion[]>();
    for (const { script } of config === undefined ? [] : scripts) {
      const { migration } = script;
      const allowance = allowanceOf(config ?? noService(service), migration.tag);
      const found = readOwnAssertions(migration, script.statements, allowance, problems);
      for (const [statement, assertions] of found) written.set(statement, assertions);
    }
    return {
      ...{ service, plans: own, statements },
      asserted: assertionsOf(statements, written),
      names: nameChecksOf(statements),
      dependencies: dependencyChecksOf(statements),
      effects: effectsOfAll(statements),
      locked: lockedTables(statements),
      sharedSchemas: config === undefined ? [] : sharedSchemasOf(config),
    };
  });
  const known = new Map(
    problems.map((problem) => [`${problem.where} ${problem.message}`, problem]),
  );
  throwProblems([...known.values()], "some assertions cannot be run");
  return groups.filter(({ service }) => histories.has(service));
}

function noService(name: string): never {
  throw new FleetError("config", `there is no service ${name}`);
}

function bySteps(plans: readonly TargetPlan[]): Map<string, [TargetPlan, ...TargetPlan[]]> {
  const groups = new Map<string, [TargetPlan, ...TargetPlan[]]>();
  for (const plan of plans) {
    if (plan.steps.length === 0) continue;
    const key = JSON.stringify([
      plan.target.service,
      plan.create,
      plan.steps.map(({ tag, resumeAt }) => [tag, resumeAt]),
    ]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [plan]);
    else group.push(plan);
  }
  return groups;
}
