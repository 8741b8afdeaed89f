import type { OutcomeRecord } from "../core/rollout.ts";
import type { Session } from "../postgres/session.ts";
import { hasControlTables } from "./create.ts";
import type { Course, KeptRollout } from "./read.ts";

export type { Course, KeptRollout };

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
): Promise<KeptRollout[]> {
  if (!(await hasControlTables(session))) return [];
  const { selectRollouts } = await import("./read.ts");
  return selectRollouts(session, database, prefix, limit);
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
 * The targets of a database that failed the last time that this verb tried them. A success that was to end elsewhere
 * says nothing: that of `migrate --to`, or of a downgrade to another migration.
 */
export async function readFailed(
  session: Session,
  database: string,
  course: Course,
): Promise<{ readonly service: string; readonly schema: string }[]> {
  if (!(await hasControlTables(session))) return [];
  const { selectFailed } = await import("./read.ts");
  return selectFailed(session, database, course);
}
