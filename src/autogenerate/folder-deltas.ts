import { FleetError } from "../core/errors.ts";
import type { Snapshot } from "./kit-types.ts";
import type { SnapshotPart } from "./snapshot-parts.ts";

/** A change for which drizzle-kit 1.0 writes a snapshot without deltas. */
interface UnrecordedChange {
  /** Makes the state that these snapshots lead to, as drizzle-kit 1.0 does. */
  readonly reconstruct: (files: Readonly<Record<string, unknown>>, id: string) => Promise<Snapshot>;
  /** The snapshot that drizzle-kit wrote. */
  readonly text: string;
  /** The folder's snapshots under names that sort in order. */
  readonly stored: Readonly<Record<string, unknown>>;
  readonly previous: Snapshot;
  readonly current: Snapshot;
}

/**
 * The text of a snapshot with the deltas of a change that drizzle-kit 1.0 does not see. The text is read back with
 * drizzle-kit's code, and must result in the current schema.
 *
 * @throws FleetError `schema` if it results in another schema
 */
export async function withDeltas(change: UnrecordedChange): Promise<string> {
  const { reconstruct, text, stored, previous, current } = change;
  const own = JSON.parse(text) as SnapshotPart & { readonly id: string };
  const content = { ...own, deltas: deltasOf(previous, current) };
  const read = await reconstruct({ ...stored, "99999999999999_new": content }, own.id);
  if (textOf(read) !== textOf(current))
    throw new FleetError("schema", "drizzle-kit cannot record this change of the Drizzle schema", {
      remedy:
        "Nothing was written. drizzle-kit generates no SQL for this change either. Undo it in the Drizzle schema.",
    });
  return JSON.stringify(content, null, 2);
}

type Delta =
  | { readonly op: "create"; readonly row: SnapshotPart }
  | { readonly op: "drop"; readonly key: string }
  | { readonly op: "alter"; readonly key: string; readonly set: SnapshotPart };

function deltasOf(previous: Snapshot, current: Snapshot): Delta[] {
  const before = byKey(previous);
  const after = byKey(current);
  const removed = [...before.keys()].filter((key) => !after.has(key));
  const changed = [...after].flatMap(([key, row]): Delta[] => {
    const old = before.get(key);
    if (old === undefined) return [{ op: "create", row }];
    const set = Object.entries(row).filter(
      ([field, value]) => JSON.stringify(value) !== JSON.stringify(old[field]),
    );
    return set.length === 0 ? [] : [{ op: "alter", key, set: Object.fromEntries(set) }];
  });
  return [...removed.map((key): Delta => ({ op: "drop", key })), ...changed];
}

/** The rows by the keys that drizzle-kit's deltas use for them. */
function byKey(snapshot: Snapshot): Map<string, SnapshotPart> {
  const rows = snapshot.ddl as readonly SnapshotPart[];
  return new Map(
    rows.map((row) => {
      const { entityType, schema, table, name } = row;
      const names = [schema, table, name].filter((part) => typeof part === "string");
      return [`${entityType}\0${JSON.stringify(names)}`, row];
    }),
  );
}

/** The rows as a text that does not depend on the order of rows and fields. */
function textOf(snapshot: Snapshot): string {
  const rows = [...byKey(snapshot)].map(([key, row]) => [key, Object.entries(row).sort(byFirst)]);
  return JSON.stringify(rows.sort(byFirst));
}

function byFirst([left]: readonly unknown[], [right]: readonly unknown[]): number {
  return String(left) < String(right) ? -1 : 1;
}
