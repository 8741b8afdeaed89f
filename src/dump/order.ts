import { FleetError } from "../core/errors.ts";
import { firstAfterRows, type Part, type Parts, rank } from "./parts.ts";
import type { Key } from "./source.ts";
import { type Edges, reachable, withStubs } from "./stubs.ts";

export interface Ordered {
  readonly before: readonly Part[];
  readonly after: readonly Part[];
}

/**
 * Puts parts behind what they depend on, otherwise by rank and oid. What a table needs comes before the rows
 * whatever its rank, and what needs something behind the rows comes behind them.
 *
 * @param dependencies objects, and the objects they depend on
 * @throws FleetError `refused` when parts depend on one another
 */
export function order(parts: Parts, dependencies: ReadonlyMap<Key, readonly Key[]>): Ordered {
  const edges = withStubs(parts, edgesBetween(parts, dependencies), dependencies);
  const sorted = sort([...edges.keys()], edges);
  const early = new Set<Part>();
  for (const part of sorted) {
    if (part.rank !== rank.table) continue;
    early.add(part);
    reachable(part, edges, early);
  }
  const late = new Set<Part>();
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
  parts: Parts,
  dependencies: ReadonlyMap<Key, readonly Key[]>,
): Map<Part, Set<Part>> {
  const edges = new Map<Part, Set<Part>>(parts.all.map((part) => [part, new Set<Part>()]));
  const connect = (from: Part | undefined, to: Part | undefined) => {
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
function refreshInOrder(parts: Parts, edges: Map<Part, Set<Part>>): void {
  const refreshes = new Map<Part, Part>();
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

function sort(parts: readonly Part[], edges: Edges): Part[] {
  const byRank = (a: Part, b: Part) => a.rank - b.rank || a.oid - b.oid;
  const sorted = new Set<Part>();
  const path: Part[] = [];
  const visit = (part: Part) => {
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

function circle(parts: readonly Part[]): FleetError {
  const firstLines = parts.map(({ statements: [first = ""] }) =>
    (first.split("\n")[0] ?? "").replaceAll(/\bfleet_[0-9a-f]{24}\./g, ""),
  );
  return new FleetError(
    "refused",
    `objects that depend on one another in a circle cannot be copied: ${firstLines.join("; ")}`,
    { remedy: "Take the circle apart, for example with a function that is written in PL/pgSQL." },
  );
}
