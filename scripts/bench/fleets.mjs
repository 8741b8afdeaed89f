import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const packageRoot = fileURLToPath(new URL("../..", import.meta.url));

/** The tables of a tenant: each has a key, a name, a time, and a foreign key to the one before it. */
export function firstMigration(tables) {
  const numbers = Array.from({ length: tables }, (_, index) => index);
  return [
    ...numbers.map(
      (n) =>
        `CREATE TABLE "t${n}" ("id" serial PRIMARY KEY, "name" text NOT NULL, "parent" integer, "made" timestamp with time zone DEFAULT now() NOT NULL)`,
    ),
    ...numbers
      .slice(1)
      .map(
        (n) =>
          `ALTER TABLE "t${n}" ADD CONSTRAINT "t${n}_parent" FOREIGN KEY ("parent") REFERENCES "t${n - 1}" ("id")`,
      ),
    ...numbers.map((n) => `CREATE INDEX "t${n}_name" ON "t${n}" ("name")`),
    ...numbers.slice(0, 3).map((n) => `CREATE INDEX "t${n}_made" ON "t${n}" ("made")`),
  ];
}

/** A migration of the kind that is released every week. */
export function nextMigration(round) {
  return [
    `ALTER TABLE "t0" ADD COLUMN "c${round}" text`,
    `CREATE INDEX "t0_c${round}" ON "t0" ("c${round}")`,
  ];
}

/** The schema of a tenant. */
export function schemaOf(tenant) {
  return `app_${tenant}`;
}

export function tenantsUpTo(count) {
  return Array.from({ length: count }, (_, index) => `t${String(index).padStart(5, "0")}`);
}

/** Writes a project with one service. */
export function writeProject(root, { url, tenants, connections, migrations }) {
  const fleet = {
    databases: { main: { url } },
    services: {
      app: {
        ...{ schema: "./schema", out: "./drizzle", database: "main" },
        tenantSchema: schemaOf("{tenant}"),
      },
    },
    tenants,
    concurrency: connections,
  };
  writeConfig(root, fleet);
  const entries = migrations.map((statements, idx) => {
    const tag = `${String(idx).padStart(4, "0")}_step`;
    write(root, `drizzle/${tag}.sql`, `${statements.join(";\n--> statement-breakpoint\n")};\n`);
    return { idx, version: "7", when: 1_700_000_000_000 + idx, tag, breakpoints: true };
  });
  const journal = { version: "7", dialect: "postgresql", entries };
  write(root, "drizzle/meta/_journal.json", JSON.stringify(journal));
}

/** Writes the configuration of a project, in which drizzle-fleet is installed. */
export function writeConfig(root, fleet) {
  write(root, "package.json", '{ "type": "module" }');
  const text = `import { defineFleet } from "drizzle-fleet/config";
export default defineFleet(${JSON.stringify(fleet)});
`;
  write(root, "drizzle.config.ts", text);
  const installed = join(root, "node_modules/drizzle-fleet");
  if (!existsSync(installed)) {
    mkdirSync(dirname(installed), { recursive: true });
    symlinkSync(packageRoot, installed);
  }
}

function write(root, name, text) {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
