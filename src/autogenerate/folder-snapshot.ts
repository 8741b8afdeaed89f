import { FleetError } from "../core/errors.ts";
import type { Snapshot } from "./kit-types.ts";
import type { Part } from "./snapshot-parts.ts";

/** Makes the state that these snapshots lead to, as drizzle-kit 1.0 does. */
type Reconstruct = (files: Readonly<Record<string, unknown>>, id: string) => Promise<Snapshot>;

/**
 * The text of a snapshot for changes that drizzle-kit 1.0 takes for none, and therefore writes no snapshot of. It is
 * read back as drizzle-kit reads it, and must give the current schema.
 *
 * @param text the snapshot of a migration at the same place that changes nothing
 * @param stored the folder's snapshots by their tags
 * @throws FleetError `schema` when drizzle-kit reads something else from it
 */
export async function withChanges(
  reconstruct: Reconstruct,
  text: string,
  stored: Readonly<Record<string, unknown>>,
  previous: Snapshot,
  current: Snapshot,
): Promise<string> {
  const own = JSON.parse(text) as Part & { readonly id: string };
  const content = { ...own, deltas: deltasOf(previous, current) };
  const read = await reconstruct({ ...stored, "99999999999999_new": content }, own.id);
  if (textOf(read) !== textOf(current))
    throw new FleetError("schema", "drizzle-kit cannot record what changed", {
      remedy:
        "It makes no SQL for it either. Undo that change in the Drizzle schema. Nothing was written.",
    });
  return JSON.stringify(content, null, 2);
}

type Delta =
  | { readonly op: "create"; readonly row: Part }
  | { readonly op: "drop"; readonly key: string }
  | { readonly op: "alter"; readonly key: string; readonly set: Part };

function deltasOf(previous: Snapshot, current: Snapshot): Delta[] {
  const before = byKey(previous);
  const after = byKey(current);
  const gone = [...before.keys()].filter((key) => !after.has(key));
  const changed = [...after].flatMap(([key, row]): Delta[] => {
    const old = before.get(key);
    if (old === undefined) return [{ op: "create", row }];
    const set = Object.entries(row).filter(
      ([field, value]) => JSON.stringify(value) !== JSON.stringify(old[field]),
    );
    return set.length === 0 ? [] : [{ op: "alter", key, set: Object.fromEntries(set) }];
  });
  return [...gone.map((key): Delta => ({ op: "drop", key })), ...changed];
}

/** The rows by the keys that drizzle-kit's deltas call them. */
function byKey(snapshot: Snapshot): Map<string, Part> {
  const rows = snapshot.ddl as readonly Part[];
  return new Map(
    rows.map((row) => {
      const { entityType, schema, table, name } = row;
      const names = [schema, table, name].filter((part) => typeof part === "string");
      return [`${entityType}\0${JSON.stringify(names)}`, row];
    }),
  );
}

/** The rows as a text, whatever their order and that of their fields. */
function textOf(snapshot: Snapshot): string {
  const rows = [...byKey(snapshot)].map(([key, row]) => [key, Object.entries(row).sort(byFirst)]);
  return JSON.stringify(rows.sort(byFirst));
}

function byFirst([left]: readonly unknown[], [right]: readonly unknown[]): number {
  return String(left) < String(right) ? -1 : 1;
}
