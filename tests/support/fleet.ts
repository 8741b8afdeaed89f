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

/** Files by name, from the folder they are written to. */
export type Files = Readonly<Record<string, string>>;

/** A temporary folder with files; removed when the test has passed. */
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

/** A migrations folder as drizzle-kit lays it out: a journal, and one file per tag. */
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

/** A fleet with the one service `app`, schema `app_{tenant}`, in one database. */
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
    // Proofs need no server of the project's own then.
    ...(url === "" ? {} : { proofDatabase: url }),
    ...more,
  };
}

/** What an operation needs, without a configuration file. */
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

/** Runs a migration in this process and keeps its events. */
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

/** Takes migrations back in this process. */
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
