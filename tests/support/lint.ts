import { join } from "node:path";
import type { Migration } from "../../src/core/migration.ts";
import { type LintFinding, lintMigration } from "../../src/lint/lint.ts";
import type { LintContext } from "../../src/lint/rule.ts";
import { rules } from "../../src/lint/rules/index.ts";
import { type TracedMigration, traceHistory } from "../../src/lint/trace.ts";
import { withSession } from "../../src/postgres/session.ts";
import type { Bench } from "../../src/proof/bench.ts";
import { readMigrations } from "../../src/source/read-migrations.ts";
import type { Allowance } from "../../src/sql/allowance.ts";
import { loadParser } from "../../src/sql/parser.ts";
import { repository } from "./repository.ts";

/** A migration with this text. */
export function migrationOf(tag: string, text: string): Migration {
  return { service: "app", tag, file: `${tag}.sql`, checksum: "", text, downFile: "" };
}

/** Traces a history in a schema of a database. */
export async function traced(
  url: string,
  history: readonly Migration[],
  {
    schema = "tenant",
    allowance = { sharedSchemas: [] },
    isTraced = () => true,
  }: {
    readonly schema?: string;
    readonly allowance?: Allowance;
    readonly isTraced?: (migration: Migration) => boolean;
  } = {},
): Promise<TracedMigration[]> {
  await loadParser();
  return withSession({ name: "main", url }, { waitMs: 5_000 }, (session) => {
    const { sharedSchemas } = allowance;
    const bench: Bench = {
      ...{ session, service: "app", sharedSchemas, foreignSchemas: [], by: "test" },
      ...{ allowanceOf: () => allowance, extensionSchema: undefined },
      timeouts: { lock: 5_000, statement: 60_000, idleInTransaction: 60_000, concurrently: 60_000 },
    };
    return traceHistory(bench, schema, history, isTraced);
  });
}

/** What is known of tenants: by default nothing. */
function lintContext(known: Partial<LintContext> = {}): LintContext {
  return { sizeOf: () => undefined, smallBytes: 0, version: 18, ...known };
}

/** The findings of all rules in traced migrations. */
export function findingsIn(
  migrations: readonly TracedMigration[],
  known: Partial<LintContext> = {},
): LintFinding[] {
  return migrations.flatMap((one) => lintMigration(one, rules, lintContext(known)));
}

/** The histories of this repository, by their folders. */
export const histories = [
  ["drizzle/auth", { sharedSchemas: [] }],
  ["drizzle/workflow", { sharedSchemas: [] }],
  ["drizzle/ingestion", { sharedSchemas: [], singleSchema: "tenant", sourceSchemas: ["public"] }],
  ["tests/histories/chat-platform", { sharedSchemas: [], acceptUnproved: true }],
  ["tests/histories/booking-suite", { sharedSchemas: [], acceptUnproved: true }],
  ["tests/histories/deploy-panel", { sharedSchemas: [], acceptUnproved: true }],
] as const satisfies readonly (readonly [folder: string, Allowance])[];

/** Traces one of the histories of this repository completely. */
export async function tracedFolder(
  url: string,
  folder: string,
  allowance: Allowance,
  schema = "tenant",
): Promise<TracedMigration[]> {
  const history = await readMigrations(folder, join(repository, folder));
  return traced(url, history, { allowance, schema });
}
