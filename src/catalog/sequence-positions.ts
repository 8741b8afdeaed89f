import { quoteLiteral } from "../core/quoting.ts";
import type { Session } from "../postgres/session.ts";
import type { Relation } from "./relations.ts";

/** The last value that a sequence returned. */
export interface SequencePosition {
  readonly name: string;
  /** A bigint, as text. */
  readonly lastValue: string;
  /** False if the next value is `lastValue` itself. */
  readonly isCalled: boolean;
}

/** Reads the positions of the sequences among relations, including those of identity columns. */
export async function readSequencePositions(
  session: Session,
  relations: Iterable<Relation>,
): Promise<SequencePosition[]> {
  const sequences = [...relations].filter(({ kind }) => kind === "S");
  if (sequences.length === 0) return [];
  const selects = sequences.map(
    ({ name, qualified }) =>
      `SELECT ${quoteLiteral(name)} AS name, last_value::text AS "lastValue", is_called AS "isCalled" FROM ${qualified}`,
  );
  return session.query<SequencePosition>(selects.join("\nUNION ALL "));
}
