import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createBranchesProject } from "../support/branches-project.ts";
import { catalogOf } from "../support/catalog.ts";
import { type Installed, runKit } from "../support/cli.ts";

const users = (columns = "") =>
  `export const users = pgTable("users", { id: integer("id").primaryKey(), ${columns} });\n`;
const [a, b, c] = ["a", "b", "c"].map((name) => `${name}: text("${name}"),`);

type Project = Awaited<ReturnType<typeof createBranchesProject>>;

/** Checks that both branches are on disk and applied to both tenants, and that nothing is left to do. */
async function endsAtHead({ cli, status, database }: Project, columns: string[]) {
  await cli(0, "check", "--database", database.url);
  await cli(0, "migrate", "--allow-out-of-order");
  expect(await status()).toEqual([
    { tenant: "a", pending: 0 },
    { tenant: "b", pending: 0 },
  ]);
  for (const tenant of ["a", "b"]) {
    const found = await database.query<{ column_name: string }>(
      `SELECT column_name FROM information_schema.columns
        WHERE table_schema = 'app_${tenant}' AND table_name = 'users' ORDER BY 1`,
    );
    expect(found.map(({ column_name }) => column_name)).toEqual(columns);
  }
  expect((await cli(0, "merge")).stdout).toBe("app: no open branches, nothing to merge\n");
  expect((await cli(0, "generate")).stdout).toBe("app: no changes\n");
}

describe.each<Installed>(["journal", "folders"])(
  "in the layout %s",
  { timeout: 180_000 },
  (installed) => {
    test("merges branches that are applied to different tenants, and each tenant gets what it is missing", async () => {
      const project = await createBranchesProject(installed);
      const { cli, generate, branch, read, database } = project;
      await branch(
        users(),
        async () => {
          await generate("a", users(a));
          await cli(0, "migrate", "--tenant", "a");
        },
        async () => {
          await generate("b", users(b));
          await cli(0, "migrate", "--tenant", "b");
        },
        users(`${a} ${b}`),
      );
      await database.query("INSERT INTO app_a.users VALUES (1, 'kept')");
      // A migration after open branches is refused, and the command in the error works.
      const early = await cli(2, "generate", "app", "--custom", "--name", "early");
      expect(early.stderr).toContain("drizzle-fleet merge");
      const made = await cli(0, "merge");
      expect(made.stdout).toContain("drizzle-fleet migrate --service app --allow-out-of-order");
      expect(Object.keys(JSON.parse(await read("checksums.json")))).toEqual(await project.tags());
      await endsAtHead(project, ["a", "b", "id"]);
      // Then back to the migration that both branches had.
      const [base = ""] = await project.tags();
      await cli(0, "downgrade", base);
      await cli(0, "migrate");
      expect(await catalogOf(database, "app_a")).toEqual(await catalogOf(database, "app_b"));
    });

    test("merges applied branches whose migrations have the same name", async () => {
      const project = await createBranchesProject(installed);
      const { cli, generate, branch, tags, at, folder, git } = project;
      await branch(
        users(),
        async () => {
          await generate("same", users(a));
          await cli(0, "migrate", "--tenant", "a");
        },
        async () => {
          await generate("same", users(b));
          if (installed === "folders") await inTheSameSecond(project, await otherTag(project, "a"));
          await cli(0, "migrate", "--tenant", "b");
        },
        users(`${a} ${b}`),
      );
      expect((await git("status", "--porcelain")).length).toBeGreaterThan(0);
      const made = await cli(0, "merge");
      expect(made.stdout).toMatch(/_same is now \d+_same_1/);
      expect(made.stdout).toMatch(/_same is now \d+_same_2/);
      expect((await tags()).length).toBe(installed === "journal" ? 3 : 4);
      expect(at("")).toContain(folder);
      await endsAtHead(project, ["a", "b", "id"]);
    });

    test("merges branches whose migrations have the same name and are not applied", async () => {
      const project = await createBranchesProject(installed);
      const { cli, generate, branch, tags } = project;
      await branch(
        users(),
        () => generate("same", users(a)),
        async () => {
          await generate("same", users(b));
          if (installed === "folders") await inTheSameSecond(project, await otherTag(project, "a"));
        },
        users(`${a} ${b}`),
      );
      const conflict = await cli(3, "check");
      expect(conflict.stdout).toContain("drizzle-fleet merge");
      await cli(0, "merge");
      expect(await tags()).toHaveLength(3);
      await endsAtHead(project, ["a", "b", "id"]);
    });

    test("regenerates the downs of moved migrations, and keeps and reports an edited one", async () => {
      const project = await createBranchesProject(installed);
      const { cli, generate, branch, tags, read, at } = project;
      const downOf = (tag: string | undefined) =>
        installed === "journal" ? `${tag}.down.sql` : `${tag}/down.sql`;
      const by = "-- by hand\nALTER TABLE users DROP COLUMN c;\n";
      await branch(
        users(),
        () => generate("a", users(a)),
        async () => {
          await generate("b", users(b));
          await generate("c", users(`${b} ${c}`));
          const edited = (await tags()).find((tag) => tag.endsWith("_c"));
          await writeFile(at(downOf(edited)), by);
        },
        users(`${a} ${b} ${c}`),
      );
      const made = await cli(0, "merge");
      const [moved, edited] = (await tags()).slice(-2);
      expect(made.stdout).toContain(`drizzle/${downOf(edited)} was edited by hand`);
      expect(made.stdout).not.toContain(downOf(moved));
      expect(await read(downOf(edited))).toBe(by);
      expect(await read(downOf(moved))).toBe('ALTER TABLE "users" DROP COLUMN "b";\n');
      await endsAtHead(project, ["a", "b", "c", "id"]);
    });

    test("merges files whose lines git's union driver has joined", async () => {
      const project = await createBranchesProject(installed);
      const { cli, generate, branch, folder, commit } = project;
      await writeFile(join(folder, ".gitattributes"), "drizzle/** merge=union\n");
      await commit("union");
      await branch(
        users(),
        async () => {
          await generate("a", users(a));
          await cli(0, "migrate", "--tenant", "a");
        },
        async () => {
          await generate("b", users(b));
          await generate("c", users(`${b} ${c}`));
        },
        users(`${a} ${b} ${c}`),
      );
      // Nothing is run from this folder: a migration of one branch would be skipped.
      expect((await cli(3, "check")).stdout).toContain("drizzle-fleet merge");
      if (installed === "journal") await cli(2, "migrate");
      await cli(0, "merge");
      await endsAtHead(project, ["a", "b", "c", "id"]);
    });
  },
);

/** The tag of the migration `same` on another branch. */
async function otherTag({ git }: Project, branch: string): Promise<string> {
  const names = (await git("ls-tree", "--name-only", branch, "drizzle/")).split("\n");
  return names.findLast((name) => name.endsWith("_same"))?.replace("drizzle/", "") ?? "";
}

/** Renames the newest folder to that of another branch, as if both were generated in the same second. */
async function inTheSameSecond({ tags, folder, git, read }: Project, tag: string): Promise<void> {
  const own = (await tags()).at(-1) ?? "";
  await git("add", "--all");
  await git("mv", `drizzle/${own}`, `drizzle/${tag}`);
  const checksums = (await read("checksums.json")).replace(own, tag);
  await writeFile(join(folder, "drizzle/checksums.json"), checksums);
}

describe("branches of drizzle-kit 1.0, joined by its own generate", () => {
  test("are a valid history in which each down reverts its own migration's change", {
    timeout: 120_000,
  }, async () => {
    const project = await createBranchesProject("folders");
    const { cli, generate, branch, read, tags, database, folder } = project;
    await branch(
      users(),
      () => generate("a", users(a)),
      () => generate("b", users(b)),
      users(`${a} ${b} ${c}`),
    );

    await runKit(folder, "generate", "--name", "joined");
    // Only the records have git's conflict markers; there is nothing else to merge.
    const merged = await cli(0, "merge", "--offline");
    expect(merged.stdout).toContain("no open branches, nothing to merge");
    expect(merged.stdout).toContain("drizzle/checksums.json now has the entries of both branches");
    const [, first = "", second = "", joined = ""] = await tags();
    for (const tag of [first, second]) await rm(join(folder, "drizzle", tag, "down.sql"));
    await cli(0, "generate", "--down");
    expect(await read(`${first}/down.sql`)).toBe('ALTER TABLE "users" DROP COLUMN "a";\n');
    expect(await read(`${second}/down.sql`)).toBe('ALTER TABLE "users" DROP COLUMN "b";\n');
    expect(await read(`${joined}/down.sql`)).toBe('ALTER TABLE "users" DROP COLUMN "c";\n');
    expect((await cli(0, "heads")).stdout).toContain(joined);
    await endsAtHead(project, ["a", "b", "c", "id"]);
    await database.query("INSERT INTO app_a.users VALUES (1, 'precious', 'b', 'c')");
    await cli(0, "downgrade", "-1");
    expect(await database.query("SELECT * FROM app_a.users")).toEqual([
      { id: 1, a: "precious", b: "b" },
    ]);
    expect((await readFile(join(folder, "drizzle", joined, "migration.sql"), "utf8")).trim()).toBe(
      'ALTER TABLE "users" ADD COLUMN "c" text;',
    );
  });
});
