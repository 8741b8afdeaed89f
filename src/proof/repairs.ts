import {
  aroundDefault,
  ofSerial,
  overOwnSequence,
  superfluousChange,
  withCast,
} from "./column-repairs.ts";
import {
  alreadyDropped,
  aroundDependents,
  existingKey,
  nameOfKey,
  throughThirdName,
} from "./dependent-repairs.ts";
import type { DraftStatement, RepairContext } from "./draft-statement.ts";
import type { Repair, Repairer } from "./repair-types.ts";

/** In this order: the first repair that applies is used. */
const repairers: readonly Repairer[] = [
  superfluousChange,
  aroundDefault,
  withCast,
  ofSerial,
  overOwnSequence,
  nameOfKey,
  existingKey,
  aroundDependents,
  throughThirdName,
  alreadyDropped,
];

/**
 * Finds a repair for a statement that fails in every order.
 *
 * @returns undefined if none is known
 */
export async function repairOf(
  context: RepairContext,
  statement: DraftStatement,
  error: Error,
): Promise<Repair | undefined> {
  for (const repairer of repairers) {
    const found = await repairer(context, statement, error);
    if (found !== undefined) return found;
  }
  return undefined;
}
