import type { ObjectKey } from "../../catalog/object-key.ts";
import { rank, type StructurePart, type StructureParts } from "./parts.ts";

/** StructureParts, and the parts that must come before them. */
export type Edges = ReadonlyMap<StructurePart, ReadonlySet<StructurePart>>;

/**
 * Takes routines apart that need themselves, or something that needs them: such as two functions with BEGIN ATOMIC that
 * call each other. Each is made twice then, first its signature alone. Whatever is in the circle needs only that.
 *
 * @returns the edges, with the signatures among the parts; circles of other things stay
 */
export function withStubs(
  parts: StructureParts,
  edges: Map<StructurePart, Set<StructurePart>>,
  dependencies: ReadonlyMap<ObjectKey, readonly ObjectKey[]>,
): Edges {
  const circular = new Map<StructurePart, ReadonlySet<StructurePart>>();
  for (const part of edges.keys()) {
    if (part.stub === undefined) continue;
    const needed = reachable(part, edges);
    const needsItself = dependencies.get(part.key)?.includes(part.key) === true;
    if (needsItself || needed.has(part)) circular.set(part, needed);
  }
  for (const [routine, circle] of circular) {
    const { oid, key, stub = "" } = routine;
    const signature: StructurePart = {
      key: `stub:${oid}`,
      rank: rank.routine,
      oid,
      statements: [stub],
    };
    for (const part of circle) {
      const needs = edges.get(part);
      if (needs?.delete(routine) === true) needs.add(signature);
    }
    edges.get(routine)?.add(signature);
    const types = (dependencies.get(key) ?? []).filter((need) => need.startsWith("pg_type:"));
    edges.set(signature, new Set(types.flatMap((type) => parts.makerOf(type) ?? [])));
  }
  return edges;
}

/** Adds all parts that one needs, directly or not. The part itself is there when it needs itself. */
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
