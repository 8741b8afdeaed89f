import { FleetError, messageOf } from "../core/errors.ts";
import type { Snapshot } from "./kit-types.ts";
import { partOf, type SnapshotPart } from "./snapshot-parts.ts";

/** What this package uses of `drizzle-kit/api` of drizzle-kit 0.31 for snapshots of older versions. */
export interface UpgradeApi {
  /** Converts a snapshot of version 5 (drizzle-kit before 0.21) or 6 (before 0.22) to 7, as `drizzle-kit up` does. */
  upPgSnapshot(snapshot: Snapshot): Snapshot;
}

/**
 * A snapshot in the form that drizzle-kit 0.31 compares. Its file is not changed: only the user decides to run
 * `drizzle-kit up`.
 *
 * @throws FleetError `journal` for a version that cannot be converted
 */
export function upgraded(api: UpgradeApi, snapshot: Snapshot): Snapshot {
  const { version } = snapshot;
  if (version === "7") return complete(snapshot);
  if (version !== "5" && version !== "6")
    throw new FleetError("journal", `a snapshot has version ${String(version)}`, {
      remedy:
        "drizzle-kit 0.31 reads versions 5 to 7. Convert an older snapshot with `drizzle-kit up` of the drizzle-kit version that wrote it.",
    });
  try {
    return complete(api.upPgSnapshot(snapshot));
  } catch (cause) {
    throw new FleetError(
      "journal",
      `drizzle-kit cannot convert a snapshot of version ${version}: ${messageOf(cause)}`,
      {
        remedy: "Nothing was written. To see what drizzle-kit reports, run: npx drizzle-kit up",
        cause,
      },
    );
  }
}

/** The first drizzle-kit releases with version 7 left out properties of an index that 0.31 requires. */
function complete(snapshot: Snapshot): Snapshot {
  const tables = mapped(partOf(snapshot, "tables"), (table) => ({
    ...table,
    indexes: mapped(partOf(table, "indexes"), (index) => ({
      concurrently: false,
      method: "btree",
      with: {},
      ...index,
    })),
  }));
  return { ...snapshot, tables };
}

function mapped(part: SnapshotPart, change: (item: SnapshotPart) => SnapshotPart): SnapshotPart {
  return Object.fromEntries(
    Object.entries(part).map(([name, item]) => [name, change(item as SnapshotPart)]),
  );
}
