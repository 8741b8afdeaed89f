import type { OutcomeRecord } from "../core/rollout.ts";
import type { Session } from "../postgres/session.ts";
import { hasGoalTable, hasRolloutTables } from "./create.ts";
import type { RecordedGoal, RecordedRollout, RecordedSchemas, RolloutFilter } from "./read.ts";

export type { RecordedGoal, RecordedRollout, RecordedSchemas };

/**
 * Reads the newest recorded rollouts of a database, newest first.
 *
 * @param database its name in the configuration
 */
export async function readRollouts(
  session: Session,
  database: string,
  filter: RolloutFilter,
): Promise<RecordedRollout[]> {
  if (!(await hasRolloutTables(session))) return [];
  const { selectRollouts } = await import("./read.ts");
  return selectRollouts(session, database, filter, await hasGoalTable(session));
}

/** Reads all recorded outcomes of a rollout in a database, ordered by service and schema. */
export async function readOutcomes(
  session: Session,
  database: string,
  rollout: string,
): Promise<OutcomeRecord[]> {
  const { selectOutcomes } = await import("./read.ts");
  return selectOutcomes(session, database, rollout);
}

/**
 * Reads the recorded migrate and downgrade rollouts of a database, newest first.
 *
 * @returns undefined if the database has no record of rollouts
 */
export async function readRecordedGoals(
  session: Session,
  database: string,
): Promise<RecordedGoal[] | undefined> {
  if (!(await hasRolloutTables(session))) return undefined;
  const { selectGoals } = await import("./read.ts");
  return selectGoals(session, database, await hasGoalTable(session));
}

/** Reads which of these rollouts had each of some schemas among their targets, and which failed there. */
export async function readRecordedSchemas(
  session: Session,
  database: string,
  schemas: readonly string[],
): Promise<RecordedSchemas> {
  const { selectSchemas } = await import("./read.ts");
  return selectSchemas(session, database, schemas, await hasGoalTable(session));
}
