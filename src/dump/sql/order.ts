import type { Dependencies } from "../../catalog/dependencies.ts";
import { FleetError } from "../../core/errors.ts";
import { firstAfterRows, rank, type StructurePart, type StructureParts } from "./parts.ts";
import { type Edges, reachable, withStubs } from "./stubs.ts";

export interface Ordered {
  readonly before: readonly StructurePart[];
  readonly after: readonly StructurePart[];
}

/**
 * Sorts parts by rank and oid, and each after what it depends on. What a table needs comes before the rows, whatever
 * its rank; what needs a part that comes after the rows comes after them, too.
 *
 * @throws FleetError `refused` if parts depend on each other in a cycle
 */
export function order(parts: StructureParts, dependencies: Dependencies): Ordered {
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
  dependencies: Dependencies,
): Map<StructurePart, Set<StructurePart>> {
  const edges = new Map<StructurePart, Set<StructurePart>>(
    parts.all.map((part) => [part, new Set<StructurePart>()]),
  );
  const connect = (from: StructurePart | undefined, to: StructurePart | undefined) => {
    if (from !== undefined && to !== undefined && from !== to) edges.get(from)?.add(to);
  };
  for (const [object, needed] of dependencies)
    for (const need of needed) connect(parts.creatorOf(object), parts.creatorOf(need));
  for (const part of parts.all)
    for (const need of part.needs ?? []) connect(part, parts.creatorOf(need));
  refreshInOrder(parts, edges);
  return edges;
}

/** A materialized view is refreshed after the ones that it reads. */
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
    if (path.includes(part)) throw cycleError(path.slice(path.indexOf(part)));
    path.push(part);
    for (const need of [...(edges.get(part) ?? [])].sort(byRank)) visit(need);
    path.pop();
    sorted.add(part);
  };
  for (const part of [...parts].sort(byRank)) visit(part);
  return [...sorted];
}

function cycleError(parts: readonly StructurePart[]): FleetError {
  const firstLines = parts.map(({ statements: [first = ""] }) =>
    (first.split("\n")[0] ?? "").replaceAll(/\bfleet_[0-9a-f]{24}\./g, ""),
  );
  return new FleetError(
    "refused",
    `objects that depend on each other in a cycle cannot be copied: ${firstLines.join("; ")}`,
    {
      remedy:
        "Break the cycle, for example by writing a function in PL/pgSQL, whose body creates no dependencies.",
    },
  );
}
