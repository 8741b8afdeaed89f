import { counted } from "../core/count.ts";
import type { HeldContract, TargetPlan } from "../core/plan.ts";
import { visibleLine } from "../core/visible.ts";

/** A contract that is held back, and where. */
export interface HeldSummary {
  readonly service: string;
  readonly tag: string;
  /** The migration after which the waiting begins. */
  readonly after: string;
  /** The number of targets that lack it. */
  readonly targets: number;
  /** How many of them have waited long enough. */
  readonly ripe: number;
  /** When the others are ripe: the first and the last time that is known. */
  readonly ripeFrom?: Date;
  readonly ripeUntil?: Date;
  /** How many of them have not applied `after`, or were not asked when. */
  readonly unknown: number;
}

/** The contracts that are held back in these targets, in the order of their services and histories. */
export function heldIn(
  targets: readonly Pick<TargetPlan, "target" | "held">[],
): readonly HeldSummary[] {
  const groups = new Map<string, { service: string; held: HeldContract[] }>();
  for (const { target, held = [] } of targets)
    for (const one of held) {
      const key = JSON.stringify([target.service, one.tag]);
      const group = groups.get(key) ?? { service: target.service, held: [] };
      group.held.push(one);
      groups.set(key, group);
    }
  const found = [...groups.values()].map(({ service, held }) => summaryOf(service, held));
  return found.sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
}

function keyOf({ service, tag }: HeldSummary): string {
  return `${service}\0${tag}`;
}

function summaryOf(service: string, held: readonly HeldContract[]): HeldSummary {
  const { tag = "", after = "" } = held[0] ?? {};
  const waiting = held.filter(({ ripe }) => !ripe);
  const times = waiting.flatMap(({ ripeAt }) => ripeAt?.getTime() ?? []);
  const extremes =
    times.length === 0
      ? {}
      : {
          ripeFrom: new Date(times.reduce((one, other) => Math.min(one, other))),
          ripeUntil: new Date(times.reduce((one, other) => Math.max(one, other))),
        };
  return {
    ...{ service, tag, after, targets: held.length, ripe: held.length - waiting.length },
    ...extremes,
    unknown: waiting.length - times.length,
  };
}

/**
 * What is held back, for people; empty if nothing is.
 *
 * @param asked false if the ledgers were not asked when contracts are ripe
 */
export function heldText(held: readonly HeldSummary[], asked = true): string[] {
  if (held.length === 0) return [];
  const are = held.length === 1 ? "is" : "are";
  const lines = held.map((one) => {
    const where = asked ? whenText(one) : counted(one.targets, "target");
    return `  ${visibleLine(one.service)} ${visibleLine(one.tag)}: ${where}`;
  });
  const isRipe = held.some(({ ripe }) => ripe > 0);
  const it = held.length === 1 ? "it is" : "they are";
  const next = asked
    ? ["To apply what is ripe, run: npx drizzle-fleet migrate --contract"]
    : [`To see when ${it} ripe, run: npx drizzle-fleet status`];
  return [
    `${counted(held.length, "contract")} ${are} held back:`,
    ...lines,
    ...(asked && !isRipe ? [] : next),
  ];
}

function whenText({ after, ripe, targets, ripeFrom, ripeUntil, unknown }: HeldSummary): string {
  const later = targets - ripe - unknown;
  const [from = "", until = ""] = [ripeFrom, ripeUntil].map((time) =>
    time?.toISOString().slice(0, 10),
  );
  const days = from === until ? `from ${from}` : `from ${from} to ${until}`;
  return [
    ...(ripe > 0 ? [`ripe in ${counted(ripe, "target")}`] : []),
    ...(later > 0 ? [`${days} in ${ripe > 0 ? later : counted(later, "target")}`] : []),
    ...(unknown > 0 ? [`after ${visibleLine(after)} in ${counted(unknown, "target")}`] : []),
  ].join(", ");
}
