import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createProject, run, runCli } from "../support/cli.ts";
import { repository } from "../support/repository.ts";

/** The platform as committed, in a folder where it may be edited. */
async function copyPlatform(): Promise<string> {
  const project = await createProject({});
  for (const name of ["drizzle.config.ts", "schema", "drizzle"]) {
    await cp(join(repository, name), join(project, name), { recursive: true });
  }
  return project;
}

async function edit(
  project: string,
  file: string,
  from: string | RegExp,
  to: string,
): Promise<void> {
  const text = await readFile(join(project, file), "utf8");
  const edited = text.replace(from, to);
  expect(edited).not.toBe(text);
  await writeFile(join(project, file), edited);
}

const addAvatar = [
  /(export const users = pgTable\(\s*"users",\s*\{)/,
  '$1\n    avatarUrl: text("avatar_url"),',
] as const;

describe("check", () => {
  test("finds nothing in the example platform", async () => {
    const result = await runCli(repository, ["check"]);
    expect(result).toMatchObject({
      code: 0,
      stdout: "No problems found: every schema change has a migration.\n",
    });
  });

  test("exits with 3 and shows the missing SQL of every service whose schema change has no migration", async () => {
    const project = await copyPlatform();
    await edit(project, "schema/auth/users.ts", ...addAvatar);
    await edit(
      project,
      "schema/ingestion/documents.ts",
      /(pgTable\(\s*"documents",\s*\{)/,
      '$1\n    pages: integer("pages").default(0),',
    );
    const result = await runCli(project, ["check"]);
    expect(result.code).toBe(3);
    expect(result.stdout).toContain('ALTER TABLE "users" ADD COLUMN "avatar_url" text;');
    expect(result.stdout).toContain(
      'ALTER TABLE "documents" ADD COLUMN "pages" integer DEFAULT 0;',
    );
    expect(result.stdout).toContain(
      "-> To write a migration, run: npx drizzle-fleet generate auth --name <what_changes>",
    );
    expect(result.stdout).not.toContain("workflow:");
    const json = JSON.parse((await runCli(project, ["check", "auth", "--json"])).stdout);
    expect(json.findings).toMatchObject([
      {
        service: "auth",
        code: "schema",
        sql: ['ALTER TABLE "users" ADD COLUMN "avatar_url" text;'],
      },
    ]);
  });

  test("reports a possible rename without a terminal to ask on", async () => {
    const project = await copyPlatform();
    await edit(project, "schema/auth/users.ts", ...addAvatar);
    await runCli(project, ["generate", "auth", "--name", "add_avatar"]);
    await edit(
      project,
      "schema/auth/users.ts",
      'avatarUrl: text("avatar_url")',
      'pictureUrl: text("picture_url")',
    );
    const result = await runCli(project, ["check"]);
    expect(result.code).toBe(3);
    expect(result.stdout).toContain(
      "? column users.avatar_url was removed and users.picture_url added: renamed, or dropped and created?",
    );
    expect(result.stdout).toContain('DROP COLUMN "avatar_url"');
    expect(result.stdout).toContain('ADD COLUMN "picture_url" text');

    const before = await readdir(join(project, "drizzle/auth"));
    const refused = await runCli(project, ["generate", "auth"]);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain("auth: column users.avatar_url was removed");
    expect(await readdir(join(project, "drizzle/auth"))).toEqual(before);
  });

  test("names file and line of a schema file that throws or does not parse, and still checks the other services", async () => {
    const project = await copyPlatform();
    await edit(project, "schema/auth/users.ts", /$/, '\n\nthrow new Error("boom");\n');
    await edit(project, "schema/ingestion/documents.ts", /$/, "\nconst = 1;\n");
    await edit(
      project,
      "schema/workflow/tools.ts",
      /(pgTable\(\s*"tools",\s*\{)/,
      '$1\n    extra: text("extra"),',
    );
    const lines = (await readFile(join(project, "schema/auth/users.ts"), "utf8"))
      .trimEnd()
      .split("\n").length;
    const result = await runCli(project, ["check"]);
    expect(result.code).toBe(3);
    expect(result.stdout).toContain(`auth: schema/auth/users.ts:${lines}:7: boom`);
    expect(result.stdout).toMatch(
      /ingestion: schema\/ingestion\/documents\.ts:\d+:7: Expected identifier but found "="/,
    );
    expect(result.stdout).toContain('ADD COLUMN "extra" text');
  });

  test("finds a migration that leaves its tenant, without a database", async () => {
    const project = await copyPlatform();
    await runCli(project, ["generate", "auth", "--custom", "--name", "leave"]);
    const [file] = (await readdir(join(project, "drizzle/auth"))).filter((name) =>
      name.endsWith("_leave.sql"),
    );
    await writeFile(
      join(project, "drizzle/auth", file ?? ""),
      `UPDATE "auth_toshiba"."users" SET "status" = 'active';\n`,
    );
    const result = await runCli(project, ["check"]);
    expect(result.code).toBe(3);
    expect(result.stdout).toMatch(
      /auth: drizzle\/auth\/\d+_leave\.sql:1:9: the statement names the schema "auth_toshiba"/,
    );
  });

  test("reports drizzle-kit's own complaint about a schema as a finding", async () => {
    const project = await copyPlatform();
    const twice =
      'import { index, integer, pgTable } from "drizzle-orm/pg-core";\nconst columns = { id: integer() };\nexport const one = pgTable("one", columns, (t) => [index("same").on(t.id), index("same").on(t.id)]);\n';
    await writeFile(join(project, "schema/auth/twice.ts"), twice);
    const result = await runCli(project, ["check"]);
    expect(result.code).toBe(3);
    expect(result.stdout).toMatch(/auth: drizzle-kit rejects the schema: .*duplicated index name/s);
  });
});

describe("generate", () => {
  test("writes one migration as drizzle-kit would, and nothing when run again", async () => {
    const project = await copyPlatform();
    await edit(project, "schema/auth/users.ts", ...addAvatar);
    const result = await runCli(project, ["generate", "auth", "--name", "add_user_avatar"]);
    expect(result).toMatchObject({
      code: 0,
      stdout: "auth: drizzle/auth/0011_add_user_avatar.sql and its down\n",
    });
    expect(await readFile(join(project, "drizzle/auth/0011_add_user_avatar.sql"), "utf8")).toBe(
      'ALTER TABLE "users" ADD COLUMN "avatar_url" text;',
    );
    expect((await runCli(project, ["check"])).code).toBe(0);
    expect((await runCli(project, ["generate"])).stdout).toBe(
      "auth: no changes\nworkflow: no changes\ningestion: no changes\n",
    );
    const kit = await run(
      project,
      process.execPath,
      [join(repository, "node_modules/drizzle-kit/bin.cjs"), "generate"],
      { SERVICE: "auth" },
    );
    expect(kit.stdout).toContain("No schema changes");
    const check = await run(
      project,
      process.execPath,
      [join(repository, "node_modules/drizzle-kit/bin.cjs"), "check"],
      { SERVICE: "auth" },
    );
    expect(check.stdout).toContain("Everything's fine");
  });

  test("derives a missing name from the SQL; with --custom, writes an empty migration on the same snapshot", async () => {
    const project = await copyPlatform();
    await edit(project, "schema/auth/users.ts", ...addAvatar);
    expect((await runCli(project, ["generate"])).stdout).toContain(
      "auth: drizzle/auth/0011_alter_users.sql and its down\n",
    );
    expect((await runCli(project, ["generate", "auth", "--custom", "--name", "fill"])).stdout).toBe(
      "auth: drizzle/auth/0012_fill.sql and its down\n  fill in both files: an empty migration is refused\n",
    );
    const empty = await runCli(project, ["check"]);
    expect(empty).toMatchObject({ code: 3 });
    expect(empty.stdout).toContain("the down of 0012_fill is empty");
    expect(empty.stdout).toContain("0012_fill is empty: it has no SQL statement");
    await writeFile(join(project, "drizzle/auth/0012_fill.sql"), "DELETE FROM sessions;\n");
    await writeFile(
      join(project, "drizzle/auth/0012_fill.down.sql"),
      "-- drizzle-fleet: irreversible the sessions are gone\n",
    );
    const unproved = await runCli(project, ["check"]);
    expect(unproved).toMatchObject({ code: 3 });
    expect(unproved.stdout).toContain("drizzle-fleet generate auth --prove");
    expect((await runCli(project, ["generate", "auth", "--prove"])).code).toBe(0);
    expect((await runCli(project, ["check"])).code).toBe(0);
    const journal = JSON.parse(
      await readFile(join(project, "drizzle/auth/meta/_journal.json"), "utf8"),
    );
    expect(journal.entries.at(-1)).toMatchObject({
      idx: 12,
      tag: "0012_fill",
      version: "7",
      breakpoints: true,
    });
    const bad = await runCli(project, ["generate", "auth", "--custom", "--name", "../x"]);
    expect(bad).toMatchObject({ code: 2 });
  });

  test("creates the first migration of a service that has no migrations folder yet", async () => {
    const project = await createProject({
      "drizzle.config.ts": `import { defineFleet } from "drizzle-fleet/config";
export default defineFleet({ databases: { main: { url: "postgresql://u@127.0.0.1:1/x" } }, tenants: ["a"],
  services: { app: { schema: "./schema.ts", out: "./drizzle/app", database: "main", tenantSchema: "{tenant}" } } });`,
      "schema.ts": `import { integer, pgTable } from "drizzle-orm/pg-core";\nexport const t = pgTable("t", { id: integer() });\n`,
    });
    expect((await runCli(project, ["generate"])).stdout).toBe(
      "app: drizzle/app/0000_create_t.sql and its down\n",
    );
    expect((await runCli(project, ["check"])).code).toBe(0);
  });
});

describe("drizzle-kit on the same configuration", () => {
  const kit = join(repository, "node_modules/drizzle-kit/bin.cjs");

  test("uses the service that SERVICE names", async () => {
    const project = await copyPlatform();
    await edit(project, "schema/auth/users.ts", ...addAvatar);
    const result = await run(project, process.execPath, [kit, "generate", "--name", "by_kit"], {
      SERVICE: "auth",
    });
    expect(result.code).toBe(0);
    expect(await readdir(join(project, "drizzle/auth"))).toContain("0011_by_kit.sql");
    expect((await runCli(project, ["check"])).stdout).toContain("0011_by_kit has no down");
    expect(await runCli(project, ["generate", "--down"])).toMatchObject({
      code: 0,
      stdout: "drizzle/auth/0011_by_kit.down.sql\n",
    });
    expect((await runCli(project, ["check"])).code).toBe(0);
  });

  test.each([{}, { SERVICE: "nope" }])(
    "lists the services in the error for SERVICE %j",
    async (environment: Record<string, string>) => {
      const result = await run(repository, process.execPath, [kit, "generate"], environment);
      expect(result.code).toBe(1);
      expect(result.stdout + result.stderr).toContain("auth, workflow, ingestion");
    },
  );
});
