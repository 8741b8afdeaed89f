import type { OutcomeRecord } from "../core/rollout.ts";
import type { Session } from "../postgres/session.ts";
import { hasGoalTable, hasRolloutTables } from "./create.ts";
import type { RecordedGoal, RecordedRollout, RecordedSchemas } from "./read.ts";

export type { RecordedGoal, RecordedRollout, RecordedSchemas };

/**
 * The newest rollouts that a database keeps, newest first.
 *
 * @param database its name in the configuration
 * @param prefix only those whose id begins so
 */
export async function readRollouts(
  session: Session,
  database: string,
  prefix: string,
  limit: number,
): Promise<RecordedRollout[]> {
  if (!(await hasRolloutTables(session))) return [];
  const { selectRollouts } = await import("./read.ts");
  return selectRollouts(session, database, prefix, limit, await hasGoalTable(session));
}

/** Every outcome that a database keeps of a rollout, in the order of services and schemas. */
export async function readOutcomes(
  session: Session,
  database: string,
  rollout: string,
): Promise<OutcomeRecord[]> {
  const { selectOutcomes } = await import("./read.ts");
  return selectOutcomes(session, database, rollout);
}

/**
 * The rollouts that a database keeps and that brought targets somewhere, the newest first.
 *
 * @returns undefined when the database keeps no rollouts at all
 */
export async function readRecordedGoals(
  session: Session,
  database: string,
): Promise<RecordedGoal[] | undefined> {
  if (!(await hasRolloutTables(session))) return undefined;
  const { selectGoals } = await import("./read.ts");
  return selectGoals(session, database, await hasGoalTable(session));
}

/** Which of those rollouts had each of some schemas among their targets, and which failed there. */
export async function readRecordedSchemas(
  session: Session,
  database: string,
  schemas: readonly string[],
): Promise<RecordedSchemas> {
  const { selectSchemas } = await import("./read.ts");
  return selectSchemas(session, database, schemas, await hasGoalTable(session));
}
