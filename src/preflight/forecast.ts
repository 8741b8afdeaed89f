import type { Wave } from "../core/plan.ts";
import type { WaveForecast } from "../core/preflight.ts";
import type { Target } from "../core/target.ts";
import { blocksWrites, type Effect, effectsOf, type Work } from "./effects.ts";
import type { Sizes } from "./sizes.ts";
import { keyOf, type PendingStatement } from "./statement.ts";

/**
 * Bytes per second that a server is assumed to read, sort or write for one target: numbers of a small cloud server with a
 * network disk. `preflight` says that they are assumptions.
 */
const speeds: Readonly<Record<Exclude<Work, "instant">, number>> = {
  scan: 200e6,
  index: 40e6,
  rewrite: 40e6,
  rows: 10e6,
};

/** For the parts that do not depend on the size of a table, in milliseconds. */
const perStatement = 2;
const perStep = 8;

/** What the steps of one target would take. */
export interface TargetForecast {
  readonly durationMs: number;
  readonly lockMs: number;
  readonly lockOn: string | undefined;
  readonly diskBytes: number;
  /** How many relations one of its transactions locks at most. */
  readonly relations: number;
}

/** A statement with its effects, which all targets of a group share. */
export interface Effects {
  readonly pending: PendingStatement;
  readonly effects: readonly Effect[];
  /** Relations that it creates, each of which takes a lock. */
  readonly created: number;
}

export function effectsOfAll(statements: readonly PendingStatement[]): Effects[] {
  return statements.map((pending) => ({
    pending,
    effects: effectsOf(pending),
    created: createdBy(pending),
  }));
}

/** A new table has a TOAST table with an index, and an index for each key. */
function createdBy({ kind, body }: PendingStatement): number {
  if (kind === "IndexStmt" || kind === "CreateSeqStmt" || kind === "ViewStmt") return 1;
  if (kind !== "CreateStmt") return 0;
  return 3 + (JSON.stringify(body).match(/"CONSTR_(UNIQUE|PRIMARY|EXCLUSION)"/g)?.length ?? 0);
}

/** What the pending statements of a target would take, by the sizes of its tables. */
export function forecastTarget(
  { schema }: Target,
  statements: readonly Effects[],
  steps: number,
  sizes: Sizes,
): TargetForecast {
  let durationMs = steps * perStep;
  let diskBytes = 0;
  let longest = { lockMs: 0, lockOn: undefined as string | undefined };
  let most = 0;
  for (const segment of segmentsIn(statements)) {
    const heldSince = new Map<string, number>();
    const locked = new Map<string, number>();
    let [elapsed, created] = [0, 0];
    for (const one of segment) {
      created += one.created;
      for (const { table, mode } of one.effects) {
        const key = keyOf(table);
        if (blocksWrites(mode) && !heldSince.has(key)) heldSince.set(key, elapsed);
        locked.set(key, sizes.of(table.schema ?? schema, table.name)?.relations ?? 1);
      }
      const cost = costOf(schema, one.effects, sizes);
      elapsed += cost.durationMs;
      diskBytes += cost.diskBytes;
    }
    durationMs += elapsed;
    most = Math.max(most, created + [...locked.values()].reduce((sum, count) => sum + count, 0));
    for (const [key, since] of heldSince)
      if (elapsed - since > longest.lockMs) longest = { lockMs: elapsed - since, lockOn: key };
  }
  return { durationMs, ...longest, diskBytes, relations: most };
}

/** Statements that are committed together. */
function segmentsIn(statements: readonly Effects[]): Effects[][] {
  const segments: Effects[][] = [];
  let tag: string | undefined;
  for (const one of statements) {
    const { place, statement } = one.pending;
    if (place.tag !== tag || statement.startsSegment) segments.push([]);
    tag = place.tag;
    segments.at(-1)?.push(one);
  }
  return segments;
}

function costOf(
  schema: string,
  effects: readonly Effect[],
  sizes: Sizes,
): { readonly durationMs: number; readonly diskBytes: number } {
  let durationMs = perStatement;
  let diskBytes = 0;
  // The commands of one ALTER TABLE rewrite and scan the table once.
  const done = new Set<string>();
  for (const { table, work } of effects) {
    const size = sizes.of(table.schema ?? schema, table.name);
    const key = JSON.stringify([keyOf(table), work]);
    if (size === undefined || work === "instant" || done.has(key)) continue;
    done.add(key);
    const bytes = work === "rewrite" ? size.bytes + size.indexBytes : size.bytes;
    durationMs += (bytes / speeds[work]) * 1_000;
    // A new file, and as much in the write-ahead log. An index is assumed to be a third of its table.
    if (work === "rewrite") diskBytes += bytes * 2;
    if (work === "index") diskBytes += (size.bytes / 3) * 2;
    if (work === "rows") diskBytes += size.bytes * 2;
  }
  return { durationMs, diskBytes };
}

/**
 * What a wave would take: the sum of its targets, divided among the connections of each database, but at least as long as its
 * slowest target. Rewritten tables are removed when their transaction ends, so only targets that run at the same time count.
 */
export function forecastWave(
  { name, targets }: Wave,
  forecastOf: (target: Target) => TargetForecast | undefined,
  concurrencyOf: (database: string) => number,
): WaveForecast {
  const own = targets.flatMap(({ target }) => {
    const forecast = forecastOf(target);
    return forecast === undefined ? [] : { target, forecast };
  });
  const databases = [...new Set(own.map(({ target }) => target.database))];
  const perDatabase = databases.map((database) => {
    const forecasts = own.flatMap((one) => (one.target.database === database ? one.forecast : []));
    const at = concurrencyOf(database);
    const sum = forecasts.reduce((total, { durationMs }) => total + durationMs, 0);
    const slowest = Math.max(...forecasts.map(({ durationMs }) => durationMs));
    const disks = forecasts.map(({ diskBytes }) => diskBytes).sort((left, right) => right - left);
    return {
      durationMs: Math.max(sum / at, slowest),
      diskBytes: disks.slice(0, at).reduce((total, bytes) => total + bytes, 0),
    };
  });
  const worst = own.reduce<(typeof own)[number] | undefined>(
    (left, right) =>
      left !== undefined && left.forecast.lockMs >= right.forecast.lockMs ? left : right,
    undefined,
  );
  const { lockMs = 0, lockOn } = worst?.forecast ?? {};
  return {
    wave: name,
    targets: own.length,
    durationMs: Math.round(Math.max(0, ...perDatabase.map(({ durationMs }) => durationMs))),
    longestLockMs: Math.round(lockMs),
    longestLockOn:
      worst === undefined || lockOn === undefined ? null : { target: worst.target, table: lockOn },
    diskBytes: Math.round(Math.max(0, ...perDatabase.map(({ diskBytes }) => diskBytes))),
  };
}
