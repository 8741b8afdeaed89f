import { expect } from "vitest";
import { createProject, runCli } from "./cli.ts";
import { createDatabase, type TestDatabase } from "./database.ts";
import { appFleet, configFile, type Files, history } from "./fleet.ts";

/** Creates a project with one database, whose URL is in DATABASE_URI; without it, there is no database. */
export async function projectFor(
  migrations: Files,
  tenants: string[] = ["a"],
  service: Record<string, string> = {},
): Promise<string> {
  const fleet = appFleet("", tenants, {
    databases: { main: { url: { environmentVariable: "DATABASE_URI" } } },
    services: {
      app: {
        schema: "./schema",
        out: "./drizzle/app",
        database: "main",
        tenantSchema: "app_{tenant}",
        ...service,
      },
    },
  });
  return createProject({
    "drizzle.config.ts": configFile(fleet),
    ...history("drizzle/app", migrations),
  });
}

export function at(database: TestDatabase | undefined): Record<string, string> {
  return database === undefined ? {} : { DATABASE_URI: database.url };
}

export async function migrated(project: string, args: readonly string[] = ["migrate"]) {
  const database = await createDatabase();
  expect(await runCli(project, args, at(database))).toMatchObject({ code: 0 });
  return database;
}

export const people = {
  "0000_people": `CREATE TABLE "people" ("id" serial PRIMARY KEY, "name" text);
INSERT INTO "people" ("name") SELECT 'n' || n FROM generate_series(1, 50) n;`,
};
