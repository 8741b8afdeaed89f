import { FleetError, throwProblems } from "../core/errors.ts";
import { type Plan, targetsOf } from "../core/plan.ts";
import type { MigrationScript } from "../rollout/step-run.ts";
import type { DatabaseState } from "./plan-fleet.ts";

/**
 * Refuses a plan with a statement that cannot run in a transaction if its database is reached through a pooler.
 *
 * @throws FleetError `config`, before anything is changed
 */
export function refusePooled(
  plan: Plan,
  databases: readonly DatabaseState[],
  scriptOf: (service: string, tag: string) => MigrationScript | undefined,
): void {
  const pooled = new Set(databases.filter((one) => one.pooled).map(({ name }) => name));
  const problems = new Map<string, FleetError>();
  for (const { target, steps } of targetsOf(plan)) {
    if (!pooled.has(target.database)) continue;
    for (const { tag } of steps) {
      const script = scriptOf(target.service, tag);
      const alone = script?.statements.find(({ transactional }) => !transactional);
      if (script === undefined || alone === undefined) continue;
      const key = JSON.stringify([target.database, target.service, tag]);
      if (!problems.has(key)) problems.set(key, poolerError(target.database, script, alone.line));
    }
  }
  throwProblems([...problems.values()], "some migrations need a direct connection");
}

function poolerError(database: string, { migration }: MigrationScript, line: number): FleetError {
  return new FleetError(
    "config",
    `this statement cannot run in a transaction, so it cannot run through the connection pooler of database "${database}"`,
    {
      where: `${migration.file}:${line}`,
      remedy: `Nothing was applied. Set databases.${database}.directUrl to a URL of the PostgreSQL server itself. Then run the same command again.`,
    },
  );
}
