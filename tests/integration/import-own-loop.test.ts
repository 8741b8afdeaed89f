import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type Plan, targetsOf } from "../../src/core/plan.ts";
import { type DrizzleSource, defaultSource } from "../../src/fleet/import-drizzle.ts";
import { planStamp, stamp } from "../../src/operations/stamp.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  type Files,
  history,
} from "../support/fleet.ts";

/** Migrations by drizzle-kit, with and without `"public".`, and one by hand, without quotes. */
const migrations = {
  "0000_a": `CREATE TYPE "public"."role" AS ENUM('a', 'b');--> statement-breakpoint\nCREATE TABLE "users" ("id" integer PRIMARY KEY, "role" "role");\n`,
  "0001_b": `CREATE TABLE "notes" ("id" integer);\n`,
  "0002_c": `ALTER TABLE "notes" ADD FOREIGN KEY ("id") REFERENCES "public"."users"("id");--> statement-breakpoint\nUPDATE public.notes SET id = 1;\n`,
};
const tags = Object.keys(migrations);
const folders = Object.fromEntries(
  tags.map((tag, index) => [
    `drizzle/app/2023111422132${index}_${tag.slice(5)}/migration.sql`,
    migrations[tag as keyof typeof migrations],
  ]),
);
const all = { services: [], tenants: [], databases: [] };
const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");

/** Tenants whose schemas have the tables. Each test records how they were created. */
async function project(
  tenants: readonly string[],
  files: Files = history("drizzle/app", migrations),
) {
  const database = await createDatabase();
  for (const tenant of tenants)
    await database.query(
      `CREATE SCHEMA "app_${tenant}"; CREATE TABLE "app_${tenant}".users (); CREATE TABLE "app_${tenant}".notes ()`,
    );
  const root = await createFolder(files);
  const context = contextFor(root, appFleet(database.url, [...tenants]));
  return { database, context };
}

/** Records hashes in a table as drizzle-orm 0.45 creates it, or as a custom loop fills one like it. */
async function record(database: TestDatabase, table: string, hashes: readonly string[], start = 0) {
  await database.query(
    `CREATE TABLE IF NOT EXISTS ${table} (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint)`,
  );
  for (const [index, hash] of hashes.entries())
    await database.query(`INSERT INTO ${table} (hash, created_at) VALUES ($1, $2)`, [
      hash,
      start === 0 ? null : start + index,
    ]);
}

function importAll(context: Parameters<typeof stamp>[0], source: Partial<DrizzleSource> = {}) {
  const request = { ...all, goal: { drizzle: { ...defaultSource, ...source } } };
  return stamp(
    context,
    request,
    async () => true,
    () => undefined,
  );
}

async function problemsOf(
  context: Parameters<typeof stamp>[0],
  source: Partial<DrizzleSource> = {},
) {
  const plan: Plan = await planStamp(context, {
    ...all,
    goal: { drizzle: { ...defaultSource, ...source } },
  });
  return Object.fromEntries(
    targetsOf(plan).map(({ target, problems }) => [
      target.tenant,
      problems.map(({ message, remedy }) => `${message} -> ${remedy}`),
    ]),
  );
}

/** How custom loops change a migration's text for a schema before they run it or pass it to drizzle-orm. */
const loops: Record<string, (text: string, schema: string) => string> = {
  'replaceAll "public".': (text, schema) => text.replaceAll(`"public".`, `"${schema}".`),
  'replaceAll "public". without quotes': (text, schema) =>
    text.replace(/"public"\./g, `${schema}.`),
  "both spellings": (text, schema) => text.replace(/"?\bpublic\b"?\./g, `"${schema}".`),
  "both spellings without quotes": (text, schema) =>
    text.replace(/"public"\./g, `${schema}.`).replace(/public\./g, `${schema}.`),
  "the unquoted spelling alone": (text, schema) => text.replaceAll("public.", `${schema}.`),
  "the name without its dot": (text, schema) => text.replaceAll(`"public"`, `"${schema}"`),
  "the word": (text, schema) => text.replace(/\bpublic\b/g, schema),
  "the qualifier is removed": (text) => text.replaceAll(`"public".`, ""),
  "both spellings are removed": (text) => text.replace(/"public"\.|public\./g, ""),
  "search_path in front": (text, schema) => `SET search_path TO "${schema}";\n${text}`,
  "search_path in front, and the qualifier removed": (text, schema) =>
    `SET LOCAL search_path = ${schema}, public;\n--> statement-breakpoint\n${text.replaceAll(`"public".`, "")}`,
  CRLF: (text, schema) => text.replaceAll("\n", "\r\n").replaceAll(`"public".`, `"${schema}".`),
  "without breakpoints": (text, schema) =>
    text.replaceAll("--> statement-breakpoint", "").replaceAll(`"public".`, `"${schema}".`),
  "statements joined anew": (text, schema) =>
    text
      .replaceAll(`"public".`, `"${schema}".`)
      .split("--> statement-breakpoint")
      .map((part) => part.trim())
      .join("\n"),
  trimmed: (text, schema) => text.replaceAll(`"public".`, `${schema}.`).trim(),
};

describe("a loop that changed the text before it ran it", () => {
  test.each(Object.entries(loops))("%s", async (_, change) => {
    const { database, context } = await project(["x", "y-2"]);
    for (const schema of ["app_x", "app_y-2"])
      await record(
        database,
        `"${schema}".__drizzle_migrations`,
        Object.values(migrations).map((text) => hashOf(change(text, schema))),
        schema === "app_x" ? 1_700_000_000_000 : 0,
      );
    expect(byTenant(await importAll(context))).toEqual({
      x: "succeeded 0002_c",
      "y-2": "succeeded 0002_c",
    });
  });

  test("is recognized in drizzle 1.0's table, whose rows have names, even if one text was changed since", async () => {
    const { database, context } = await project(["x", "y"], folders);
    const names = Object.keys(folders).map((file) => file.split("/")[2] ?? "");
    for (const tenant of ["x", "y"]) {
      await database.query(`CREATE TABLE app_${tenant}.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL,
        created_at bigint, name text, applied_at timestamptz DEFAULT now())`);
      for (const [index, text] of Object.values(migrations).entries())
        await database.query(
          `INSERT INTO app_${tenant}.__drizzle_migrations (hash, created_at, name) VALUES ($1, $2, $3)`,
          [
            hashOf(
              `${text.replaceAll(`"public".`, `"app_${tenant}".`)}${tenant === "y" && index === 2 ? "-- more" : ""}`,
            ),
            Date.UTC(2023, 10, 14, 22, 13, 20 + index),
            names[index],
          ],
        );
    }
    expect(await problemsOf(context)).toEqual({
      x: [],
      y: [
        expect.stringMatching(
          /20231114221322_c was applied with text that differs from.* --accept-edited$/,
        ),
      ],
    });
    expect(byTenant(await importAll(context, { acceptEdited: true }))).toEqual({
      x: "succeeded 20231114221322_c",
      y: "succeeded 20231114221322_c",
    });
  });

  test("is not recognized by another tenant's text, another text, or a hash of another kind", async () => {
    const { database, context } = await project(["x", "y", "z"]);
    const filled = (schema: string) =>
      Object.values(migrations).map((text) => hashOf(text.replaceAll(`"public".`, `"${schema}".`)));
    await record(database, "app_x.__drizzle_migrations", filled("app_y"));
    await record(database, "app_y.__drizzle_migrations", [...filled("app_y").slice(0, 2), "md5"]);
    await record(database, "app_z.__drizzle_migrations", filled("app_z"));
    const problems = await problemsOf(context);
    expect(problems).toEqual({
      x: [
        expect.stringMatching(
          /not on disk \(row 1, hash .* -> .*npx drizzle-fleet stamp 0001_b --tenant x --config .*$/,
        ),
        expect.stringContaining("row 3"),
      ],
      y: [
        expect.stringMatching(
          /row 3, hash md5.* -> .*npx drizzle-fleet stamp 0001_b --tenant y --config .*$/,
        ),
      ],
      z: [],
    });
    expect(byTenant(await importAll(context))).toEqual({
      x: "failed",
      y: "failed",
      z: "succeeded 0002_c",
    });
  });

  test("counts, in one table for all tenants, for the tenant whose schema is in its text", async () => {
    const { database, context } = await project(["x", "y", "z"]);
    const filled = (schema: string, tag: keyof typeof migrations) =>
      hashOf(migrations[tag].replaceAll(`"public".`, `${schema}.`));
    const table = "drizzle.__drizzle_migrations";
    await database.query("CREATE SCHEMA drizzle");
    await record(database, table, [filled("app_x", "0000_a"), filled("app_y", "0000_a")]);
    expect(await problemsOf(context)).toEqual({
      x: [],
      y: [],
      z: [expect.stringContaining("has no row for this tenant")],
    });
    await record(database, table, [filled("app_x", "0002_c"), filled("app_x", "0001_b")]);
    expect(await problemsOf(context)).toEqual({
      x: [expect.stringMatching(/its row for 0001_b does not show which tenant/)],
      y: [expect.stringMatching(/its row for 0001_b does not show which tenant/)],
      z: [expect.stringMatching(/its row for 0001_b does not show which tenant/)],
    });
    await database.query(`DELETE FROM ${table} WHERE id = 4`);
    expect(byTenant(await importAll(context))).toEqual({
      x: "succeeded 0002_c",
      y: "succeeded 0000_a",
      z: "failed",
    });
    expect(await database.query(`SELECT tag FROM app_x.__fleet_ledger ORDER BY tag`)).toEqual([
      { tag: "0000_a" },
      { tag: "0002_c" },
    ]);
  });

  test("does not count for a tenant whose schema has fewer tables than a common table implies", async () => {
    const { database, context } = await project(["x", "y", "z"]);
    await database.query("CREATE SCHEMA drizzle; DROP TABLE app_y.notes");
    await record(database, "drizzle.__drizzle_migrations", Object.values(migrations).map(hashOf));
    expect(await problemsOf(context)).toEqual({
      x: [],
      y: [
        expect.stringMatching(
          /contains 1 table, view or sequence, but most others contain 2 -> .*stamp 0002_c --tenant y/,
        ),
      ],
      z: [],
    });
    expect(byTenant(await importAll(context))).toMatchObject({
      x: "succeeded 0002_c",
      y: "failed",
    });
  });

  test("is recognized in a table per tenant in one schema; if that is missing, possible tables are named", async () => {
    const { database, context } = await project(["x", "y"]);
    const hashes = Object.values(migrations).map(hashOf);
    await database.query("CREATE SCHEMA drizzle");
    for (const tenant of ["x", "y"])
      await record(database, `drizzle.migrations_${tenant}`, hashes.slice(0, 2));
    const { x, y } = await problemsOf(context);
    expect(x).toEqual([
      expect.stringMatching(
        /To import it, run: npx drizzle-fleet stamp --from-drizzle .*--drizzle-table 'migrations_\{tenant\}'$/,
      ),
    ]);
    expect(y).toEqual(x);
    expect(byTenant(await importAll(context, { table: "migrations_{tenant}" }))).toEqual({
      x: "succeeded 0001_b",
      y: "succeeded 0001_b",
    });
  });
});

describe("drizzle-multitenant's table", () => {
  /** As version 1.3.5 makes it for its formats, and as its convert-format leaves it. */
  const formats = {
    name: `(id SERIAL PRIMARY KEY, name VARCHAR(255) NOT NULL UNIQUE,
      applied_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP)`,
    hash: `(id SERIAL PRIMARY KEY, hash TEXT NOT NULL,
      created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP)`,
    "drizzle-kit": `(id SERIAL PRIMARY KEY, hash TEXT NOT NULL, created_at BIGINT NOT NULL DEFAULT 1800000000000)`,
    converted: `(id SERIAL PRIMARY KEY, hash TEXT NOT NULL,
      applied_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP, name VARCHAR(255) NOT NULL UNIQUE)`,
  };

  test.each(Object.entries(formats))("is read in the format %s", async (format, columns) => {
    const { database, context } = await project(["x", "y"]);
    for (const [tenant, count] of [
      ["x", 3],
      ["y", 2],
    ] as const) {
      const table = `app_${tenant}.__drizzle_migrations`;
      await database.query(`CREATE TABLE ${table} ${columns}`);
      for (const tag of tags.slice(0, count)) {
        const values: Record<string, string> = {
          ...(format === "name"
            ? {}
            : { hash: hashOf(migrations[tag as keyof typeof migrations]) }),
          ...(format === "name" || format === "converted" ? { name: tag } : {}),
        };
        await database.query(
          `INSERT INTO ${table} (${Object.keys(values)}) VALUES (${Object.keys(values).map((_, index) => `$${index + 1}`)})`,
          Object.values(values),
        );
      }
    }
    expect(byTenant(await importAll(context))).toEqual({
      x: "succeeded 0002_c",
      y: "succeeded 0001_b",
    });
  });

  test("is refused with a name that matches no file; names in the hash column count as names", async () => {
    const { database, context } = await project(["x", "y"]);
    await database.query(
      `CREATE TABLE app_x.__drizzle_migrations ${formats.name};
       INSERT INTO app_x.__drizzle_migrations (name) VALUES ('0000_a'), ('0001_gone')`,
    );
    await record(database, "app_y.__drizzle_migrations", ["0000_a", "0001_b.sql"]);
    expect(await problemsOf(context)).toEqual({
      x: [
        expect.stringMatching(
          /^an applied migration is not on disk \(0001_gone\) -> .*npx drizzle-fleet stamp 0000_a --tenant x --config .*$/,
        ),
      ],
      y: [],
    });
    expect(byTenant(await importAll(context))).toEqual({ x: "failed", y: "succeeded 0001_b" });
  });
});
