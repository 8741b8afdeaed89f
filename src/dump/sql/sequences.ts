import type { Relation, Sequence } from "../../catalog/relations.ts";

/** All options of a sequence, for CREATE SEQUENCE or for an identity column. */
export function sequenceOptions(sequence: Sequence): string {
  const { start, increment, minimum, maximum, cache, cycle } = sequence;
  return `START WITH ${start} INCREMENT BY ${increment} MINVALUE ${minimum} MAXVALUE ${maximum} CACHE ${cache}${cycle ? " CYCLE" : ""}`;
}

export function createSequence(relation: Relation, sequence: Sequence): string {
  const unlogged = relation.persistence === "u" ? "UNLOGGED " : "";
  return `CREATE ${unlogged}SEQUENCE ${relation.qualified} AS ${sequence.type} ${sequenceOptions(sequence)}`;
}
