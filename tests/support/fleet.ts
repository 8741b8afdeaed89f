import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { type FleetInput, parseFleet } from "../../src/config/schema.ts";
import type { Observer, RolloutEvent } from "../../src/core/events.ts";
import type { Context } from "../../src/fleet/context.ts";
import {
  type DowngradeRequest,
  type DowngradeResult,
  downgrade,
} from "../../src/operations/downgrade.ts";
import { type MigrateRequest, type MigrateResult, migrate } from "../../src/operations/migrate.ts";

/** The text of files, by their paths relative to a folder. */
export type Files = Readonly<Record<string, string>>;

/** Creates a temporary folder with files. It is removed if the test passes. */
export async function createFolder(files: Files = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "drizzle-fleet-project-"));
  await writeFiles(folder, files);
  onTestFinished(async ({ task }) => {
    if (task.result?.state !== "fail") await rm(folder, { recursive: true });
  });
  return folder;
}

export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

/** A migrations folder in drizzle-kit's journal layout: a journal, and one file for each tag. */
export function history(out: string, migrations: Files): Files {
  const entries = Object.keys(migrations).map((tag, idx) => ({
    idx,
    version: "7",
    when: 1_700_000_000_000 + idx,
    tag,
    breakpoints: true,
  }));
  const journal = JSON.stringify({ version: "7", dialect: "postgresql", entries });
  const files = Object.entries(migrations).map(([tag, sql]) => [`${out}/${tag}.sql`, sql]);
  return { [`${out}/meta/_journal.json`]: journal, ...Object.fromEntries(files) };
}

/** A project's configuration file. */
export function configFile(fleet: FleetInput): string {
  return `import { defineFleet } from "drizzle-fleet/config";\nexport default defineFleet(${JSON.stringify(fleet)});`;
}

/** A fleet with one service, `app`, whose tenant schemas `app_{tenant}` are in one database. */
export function appFleet(
  url: string,
  tenants: string[],
  more: Partial<FleetInput> = {},
): FleetInput {
  return {
    databases: { main: { url } },
    services: {
      app: {
        schema: "./schema",
        out: "./drizzle/app",
        database: "main",
        tenantSchema: "app_{tenant}",
      },
    },
    tenants,
    connectTimeout: 5_000,
    // Otherwise proofs would start a server in the project's folder.
    ...(url === "" ? {} : { proofDatabase: url }),
    ...more,
  };
}

/** The context that an operation needs, without a configuration file. */
export function contextFor(
  root: string,
  fleet: FleetInput,
  environment: Context["environment"] = {},
): Context {
  return {
    config: { fleet: parseFleet(fleet), root, file: join(root, "drizzle.config.ts") },
    environment,
    notify: () => undefined,
  };
}

export interface ObservedResult extends MigrateResult {
  readonly events: readonly RolloutEvent[];
}

/** Runs `migrate` in this process and collects its events. */
export async function migrateAll(
  context: Context,
  request: Partial<MigrateRequest> = {},
  observe: Observer = () => undefined,
): Promise<ObservedResult> {
  const events: RolloutEvent[] = [];
  const all = { services: [], tenants: [], databases: [], ...request };
  const result = await migrate(context, all, (event) => {
    events.push(event);
    observe(event);
  });
  return { ...result, events };
}

/** Reverts migrations in this process. */
export function downgradeAll(
  context: Context,
  goal: DowngradeRequest["goal"],
  request: Partial<DowngradeRequest> = {},
  observe: Observer = () => undefined,
): Promise<DowngradeResult> {
  const all = { services: [], tenants: [], databases: [], ...request };
  return downgrade(context, { ...all, goal }, observe);
}

/** Outcomes by tenant (or service, for a single schema), as `status applied,applied`. */
export function byTenant({ outcomes }: Pick<MigrateResult, "outcomes">): Record<string, string> {
  return Object.fromEntries(
    outcomes.map(({ target, status, applied }) => [
      target.tenant ?? target.service,
      `${status} ${applied.join(",")}`.trim(),
    ]),
  );
}
