import type { RolloutEvent } from "../core/events.ts";
import { targetName } from "../core/target.ts";

export type BatchEvent = RolloutEvent & { type: "batchCommitted" };

export function isBatch(event: RolloutEvent): event is BatchEvent {
  return event.type === "batchCommitted";
}

/** How far a statement is that runs in batches: `app/acme: 0003_fill, 175,000 of about 200,000 rows`. */
function batchText({ target, tag, rows, ofAbout }: BatchEvent): string {
  const share =
    ofAbout === undefined ? rowsText(rows) : `${grouped(rows)} of about ${rowsText(ofAbout)}`;
  return `${targetName(target)}: ${tag}, ${share}`;
}

/** The statement that is furthest from its end, by PostgreSQL's estimates; empty if there is none. */
export function slowestText(events: Iterable<BatchEvent>): string {
  const shareOf = ({ rows, ofAbout = Number.POSITIVE_INFINITY }: BatchEvent) => rows / ofAbout;
  const [slowest] = [...events].sort((one, two) => shareOf(one) - shareOf(two));
  return slowest === undefined ? "" : batchText(slowest);
}

export function rowsText(rows: number): string {
  return `${grouped(rows)} row${rows === 1 ? "" : "s"}`;
}

/** `1234567` as `1,234,567`. */
function grouped(count: number): string {
  return count.toLocaleString("en-US");
}
