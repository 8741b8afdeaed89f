import { FleetError } from "../core/errors.ts";

/** One of drizzle-kit's snapshots: the whole Drizzle schema of a service at one migration. */
export interface Snapshot {
  readonly id: string;
  readonly prevId: string;
  readonly [part: string]: unknown;
}

export type Casing = "snake_case" | "camelCase" | undefined;

const emptySnapshot: Snapshot = {
  id: "00000000-0000-0000-0000-000000000000",
  prevId: "",
  version: "7",
  dialect: "postgresql",
  tables: {},
  enums: {},
  schemas: {},
  policies: {},
  roles: {},
  sequences: {},
  views: {},
  _meta: { schemas: {}, tables: {}, columns: {} },
};

/** The snapshot before a service's first migration. */
export function firstSnapshot(): Snapshot {
  return emptySnapshot;
}

/**
 * Takes the snapshot of a Drizzle schema.
 *
 * @param exported everything that the schema files export
 * @param previous the snapshot it follows
 * @throws FleetError `schema` with drizzle-kit's own words when it rejects the schema
 */
export async function takeSnapshot(
  exported: readonly unknown[],
  previous: Snapshot,
  casing: Casing,
): Promise<Snapshot> {
  const { generateDrizzleJson } = await loadKit();
  const imports = Object.fromEntries(exported.map((value, index) => [`export${index}`, value]));
  const snapshot = await withoutExit(async () =>
    generateDrizzleJson(imports, previous.id, undefined, casing),
  );
  const { id, prevId, ...rest } = snapshot;
  return { id, prevId, ...rest };
}

/**
 * The SQL statements that lead from one snapshot to another. When something may have been renamed, drizzle-kit
 * asks on the terminal; see `renameQuestions` for what it would ask.
 */
export async function diffSnapshots(
  previous: Snapshot,
  current: Snapshot,
  terminal: "ask" | "never",
): Promise<string[]> {
  const { generateMigration } = await loadKit();
  // The two differ only in how precisely they are typed: the snapshots come from drizzle-kit itself.
  type KitSnapshot = Parameters<typeof generateMigration>[0];
  const diff = () =>
    generateMigration(previous as unknown as KitSnapshot, current as unknown as KitSnapshot);
  return terminal === "ask" ? diff() : withoutExit(diff);
}

/** drizzle-kit is heavy: it is loaded by the verbs that need it, when they need it. */
async function loadKit(): Promise<typeof import("drizzle-kit/api")> {
  try {
    return await import("drizzle-kit/api");
  } catch (cause) {
    throw new FleetError("config", "drizzle-kit cannot be loaded", {
      remedy: "Install it beside drizzle-fleet: npm install --save-dev drizzle-kit",
      cause,
    });
  }
}

class Exit extends Error {}

/** drizzle-kit prints its complaint and exits the process; here that becomes an error with the complaint. */
async function withoutExit<Result>(use: () => Promise<Result>): Promise<Result> {
  const { exit } = process;
  const { log, error } = console;
  const lines: string[] = [];
  const collect = (...values: unknown[]) => void lines.push(values.map(String).join(" "));
  console.log = collect;
  console.error = collect;
  process.exit = () => {
    throw new Exit();
  };
  try {
    return await use();
  } catch (caught) {
    if (!(caught instanceof Exit)) throw caught;
    throw new FleetError("schema", `drizzle-kit rejects the schema: ${plain(lines.join("\n"))}`);
  } finally {
    process.exit = exit;
    console.log = log;
    console.error = error;
  }
}

function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours begin with one
  return text.replace(/\u001b\[[0-9;]*m/g, "").trim();
}
