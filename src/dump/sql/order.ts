import type { ObjectKey } from "../../catalog/object-key.ts";
import { FleetError } from "../../core/errors.ts";
import { firstAfterRows, rank, type StructurePart, type StructureParts } from "./parts.ts";
import { type Edges, reachable, withStubs } from "./stubs.ts";

export interface Ordered {
  readonly before: readonly StructurePart[];
  readonly after: readonly StructurePart[];
}

/**
 * Puts parts behind what they depend on, otherwise by rank and oid. What a table needs comes before the rows
 * whatever its rank, and what needs something behind the rows comes behind them.
 *
 * @param dependencies objects, and the objects they depend on
 * @throws FleetError `refused` when parts depend on one another
 */
export function order(
  parts: StructureParts,
  dependencies: ReadonlyMap<ObjectKey, readonly ObjectKey[]>,
): Ordered {
  const edges = withStubs(parts, edgesBetween(parts, dependencies), dependencies);
  const sorted = sort([...edges.keys()], edges);
  const early = new Set<StructurePart>();
  for (const part of sorted) {
    if (part.rank !== rank.table) continue;
    early.add(part);
    reachable(part, edges, early);
  }
  const late = new Set<StructurePart>();
  for (const part of sorted) {
    const waits = [...(edges.get(part) ?? [])].some((need) => late.has(need));
    if (!early.has(part) && (part.rank >= firstAfterRows || waits)) late.add(part);
  }
  return {
    before: sorted.filter((part) => !late.has(part)),
    after: sorted.filter((part) => late.has(part)),
  };
}

function edgesBetween(
  parts: StructureParts,
  dependencies: ReadonlyMap<ObjectKey, readonly ObjectKey[]>,
): Map<StructurePart, Set<StructurePart>> {
  const edges = new Map<StructurePart, Set<StructurePart>>(
    parts.all.map((part) => [part, new Set<StructurePart>()]),
  );
  const connect = (from: StructurePart | undefined, to: StructurePart | undefined) => {
    if (from !== undefined && to !== undefined && from !== to) edges.get(from)?.add(to);
  };
  for (const [object, needed] of dependencies)
    for (const need of needed) connect(parts.makerOf(object), parts.makerOf(need));
  for (const part of parts.all)
    for (const need of part.needs ?? []) connect(part, parts.makerOf(need));
  refreshInOrder(parts, edges);
  return edges;
}

/** A materialized view is filled when those below it are. */
function refreshInOrder(
  parts: StructureParts,
  edges: Map<StructurePart, Set<StructurePart>>,
): void {
  const refreshes = new Map<StructurePart, StructurePart>();
  for (const part of parts.all) {
    const [view] = part.rank === rank.refresh ? (edges.get(part) ?? []) : [];
    if (view !== undefined) refreshes.set(view, part);
  }
  for (const [view, refresh] of refreshes) {
    for (const part of reachable(view, edges)) {
      const earlier = refreshes.get(part);
      if (earlier !== undefined && earlier !== refresh) edges.get(refresh)?.add(earlier);
    }
  }
}

function sort(parts: readonly StructurePart[], edges: Edges): StructurePart[] {
  const byRank = (a: StructurePart, b: StructurePart) => a.rank - b.rank || a.oid - b.oid;
  const sorted = new Set<StructurePart>();
  const path: StructurePart[] = [];
  const visit = (part: StructurePart) => {
    if (sorted.has(part)) return;
    if (path.includes(part)) throw circle(path.slice(path.indexOf(part)));
    path.push(part);
    for (const need of [...(edges.get(part) ?? [])].sort(byRank)) visit(need);
    path.pop();
    sorted.add(part);
  };
  for (const part of [...parts].sort(byRank)) visit(part);
  return [...sorted];
}

function circle(parts: readonly StructurePart[]): FleetError {
  const firstLines = parts.map(({ statements: [first = ""] }) =>
    (first.split("\n")[0] ?? "").replaceAll(/\bfleet_[0-9a-f]{24}\./g, ""),
  );
  return new FleetError(
    "refused",
    `objects that depend on one another in a circle cannot be copied: ${firstLines.join("; ")}`,
    { remedy: "Take the circle apart, for example with a function that is written in PL/pgSQL." },
  );
}
