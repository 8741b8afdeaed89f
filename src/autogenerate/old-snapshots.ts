import { FleetError, messageOf } from "../core/errors.ts";
import type { Snapshot } from "./kit-types.ts";
import { type Part, partOf } from "./snapshot-parts.ts";

/** What is used of `drizzle-kit/api` of drizzle-kit 0.31 for snapshots that an older one wrote. */
export interface UpgradeApi {
  /** Brings a snapshot of version 5 (drizzle-kit before 0.21) or 6 (before 0.22) to 7, as `drizzle-kit up` does. */
  upPgSnapshot(snapshot: Snapshot): Snapshot;
}

/**
 * A snapshot in the form that drizzle-kit 0.31 compares. Its file stays as it is: drizzle-kit itself changes it only when it
 * is told to, by `drizzle-kit up`.
 */
export function upgraded(api: UpgradeApi, snapshot: Snapshot): Snapshot {
  const { version } = snapshot;
  if (version === "7") return complete(snapshot);
  if (version !== "5" && version !== "6")
    throw new FleetError("journal", `a snapshot has version ${String(version)}`, {
      remedy:
        "drizzle-kit 0.31 reads versions 5 to 7. Convert older ones with a drizzle-kit of their time: drizzle-kit up.",
    });
  try {
    return complete(api.upPgSnapshot(snapshot));
  } catch (cause) {
    throw new FleetError(
      "journal",
      `drizzle-kit cannot convert a snapshot of version ${version}: ${messageOf(cause)}`,
      { remedy: "Nothing was written. To see what drizzle-kit reports: drizzle-kit up", cause },
    );
  }
}

/** The first drizzle-kits with version 7 left out of an index what 0.31 cannot do without. */
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

function mapped(part: Part, change: (item: Part) => Part): Part {
  return Object.fromEntries(
    Object.entries(part).map(([name, item]) => [name, change(item as Part)]),
  );
}
