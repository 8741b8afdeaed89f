import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { createProject, runCli } from "./cli.ts";
import { writeFiles } from "./fleet.ts";
import { repository } from "./repository.ts";

/** 300 tenants; four of them have names that are hard to align. */
const tenants: readonly string[] = [
  ...Array.from({ length: 296 }, (_, index) => `t${String(index + 1).padStart(3, "0")}`),
  "acme-gmbh",
  "café",
  "東京",
  "the-tenant-with-the-longest-name-of-all",
];

const users = (more = "") => `import { integer, pgTable, text } from "drizzle-orm/pg-core";
export const users = pgTable("users", { id: integer().primaryKey(), name: text()${more} });
`;

export const appSchema = {
  init: users(),
  email: users(".unique(), email: text()"),
  changed: users(".unique(), mail: text()"),
};

const billingSchema = `import { integer, pgTable } from "drizzle-orm/pg-core";
export const invoices = pgTable("invoices", { id: integer().primaryKey(), amount: integer() });
`;

const config = (source: string) => `import { defineFleet, env } from "drizzle-fleet/config";

const service = (name: string) => ({
  schema: \`./schema/\${name}.ts\`,
  out: \`./drizzle/\${name}\`,
  database: "main",
  tenantSchema: \`\${name}_{tenant}\`,
});

export default defineFleet({
  databases: { main: { url: env("DATABASE_URL") } },
  services: { app: service("app"), billing: service("billing") },
${source}});
`;

/**
 * Creates a project with two services and 300 tenants that are not in a database yet. `drizzle.config.ts` takes the
 * tenants from the registry, `list.config.ts` lists them, `plain.config.ts` is for drizzle-kit only;
 * `bin/drizzle-fleet` runs the tool.
 */
export async function createCapturedFleet(environment: Record<string, string>): Promise<string> {
  const folder = await createProject({
    "package.json": '{ "name": "shop", "type": "module" }\n',
    "drizzle.config.ts": config(""),
    "list.config.ts": config(`  tenants: ${JSON.stringify(tenants)},\n`),
    "plain.config.ts": `import { defineConfig } from "drizzle-kit";
export default defineConfig({ dialect: "postgresql", schema: "./schema/app.ts", out: "./drizzle/app", dbCredentials: { url: process.env.DATABASE_URL ?? "" } });
`,
    "schema/app.ts": appSchema.init,
    "schema/billing.ts": billingSchema,
    "bin/drizzle-fleet": `#!/bin/sh\nexec '${process.execPath}' '${join(repository, "dist/cli/main.js")}' "$@"\n`,
  });
  await chmod(join(folder, "bin/drizzle-fleet"), 0o755);
  await generate(folder, environment, "init");
  await writeFiles(folder, { "schema/app.ts": appSchema.email });
  await generate(folder, environment, "email");
  return folder;
}

async function generate(
  folder: string,
  environment: Record<string, string>,
  name: string,
): Promise<void> {
  const args = ["generate", "--name", name, "--no-proof"];
  const { code, stdout, stderr } = await runCli(folder, args, environment);
  if (code !== 0) throw new Error(`generate: ${stdout}${stderr}`);
}

/**
 * Returns SQL that runs a statement in many schemas.
 *
 * @param like LIKE patterns that select the schemas
 * @param text the statement, as a format string for PostgreSQL; the first argument is the schema's name
 */
export function inSchemas(like: readonly string[], text: string): string {
  return `DO $do$ DECLARE schema name; BEGIN
    FOR schema IN SELECT nspname FROM pg_namespace WHERE nspname LIKE ANY (ARRAY['${like.join("', '")}'])
    LOOP EXECUTE format($text$${text}$text$, schema); END LOOP; END $do$`;
}
