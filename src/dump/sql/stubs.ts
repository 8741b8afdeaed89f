import type { Dependencies } from "../../catalog/dependencies.ts";
import { rank, type StructurePart, type StructureParts } from "./parts.ts";

/** Parts, and the parts that must come before each of them. */
export type Edges = ReadonlyMap<StructurePart, ReadonlySet<StructurePart>>;

/**
 * Breaks dependency cycles that contain routines, such as two functions with BEGIN ATOMIC that call each other. Such a
 * routine is created twice, first with a body that does nothing, and the rest of the cycle depends on that one.
 *
 * @returns the edges, including the additional parts; cycles without routines remain
 */
export function withStubs(
  parts: StructureParts,
  edges: Map<StructurePart, Set<StructurePart>>,
  dependencies: Dependencies,
): Edges {
  const cycles = new Map<StructurePart, ReadonlySet<StructurePart>>();
  for (const part of edges.keys()) {
    if (part.stub === undefined) continue;
    const needed = reachable(part, edges);
    const needsItself = dependencies.get(part.key)?.includes(part.key) === true;
    if (needsItself || needed.has(part)) cycles.set(part, needed);
  }
  for (const [routine, cycle] of cycles) {
    const { oid, key, stub = "" } = routine;
    const stubPart: StructurePart = {
      key: `stub:${oid}`,
      rank: rank.routine,
      oid,
      statements: [stub],
    };
    for (const part of cycle) {
      const needs = edges.get(part);
      if (needs?.delete(routine) === true) needs.add(stubPart);
    }
    edges.get(routine)?.add(stubPart);
    const types = (dependencies.get(key) ?? []).filter((need) => need.startsWith("pg_type:"));
    edges.set(stubPart, new Set(types.flatMap((type) => parts.creatorOf(type) ?? [])));
  }
  return edges;
}

/** Adds all parts that a part depends on, directly or indirectly; the part itself only if it is in a cycle. */
export function reachable(
  part: StructurePart,
  edges: Edges,
  into = new Set<StructurePart>(),
): Set<StructurePart> {
  const waiting = [part];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
    for (const need of edges.get(next) ?? [])
      if (!into.has(need)) {
        into.add(need);
        waiting.push(need);
      }
  return into;
}
