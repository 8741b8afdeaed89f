import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type CliResult, createProject, run, runCli } from "../support/cli.ts";
import { configFile } from "../support/fleet.ts";

/**
 * Cases in which drizzle-kit 0.31 exits with 0 although something is wrong. Each test shows its exit code and ours.
 */

const table = (column: string) => `import { pgTable, text } from "drizzle-orm/pg-core";
export const users = pgTable("users", { name: text("name"), ${column} });
`;

async function createReleased() {
  const folder = await createProject({
    "drizzle.config.ts": configFile({
      databases: { main: { url: "postgres://localhost/none" } },
      services: {
        app: {
          schema: "./schema.ts",
          out: "./drizzle",
          database: "main",
          tenantSchema: "app_{tenant}",
        },
      },
      tenants: ["a"],
    }),
    "schema.ts": table(""),
    "kit.config.ts": `export default { dialect: "postgresql", schema: "./schema.ts", out: "./drizzle" };`,
  });
  const ours = (...args: string[]): Promise<CliResult> => runCli(folder, args);
  const kit = (verb: string): Promise<CliResult> =>
    run(folder, process.execPath, [
      "node_modules/drizzle-kit/bin.cjs",
      verb,
      "--config=kit.config.ts",
    ]);
  expect(await ours("generate", "--name", "init")).toMatchObject({ code: 0 });
  await writeFile(join(folder, "schema.ts"), table(`email: text("email")`));
  expect(await ours("generate", "--name", "email")).toMatchObject({ code: 0 });
  expect(await ours("check")).toMatchObject({ code: 0 });
  return { folder, ours, kit, at: (name: string) => join(folder, "drizzle", name) };
}

test("fails on a rename without a terminal, although drizzle-kit exits with 0", async () => {
  const { folder, ours, kit } = await createReleased();
  await writeFile(join(folder, "schema.ts"), table(`mail: text("mail")`));
  expect(await kit("generate")).toMatchObject({ code: 0 });
  const result = await ours("generate");
  expect(result).toMatchObject({ code: 2, stdout: "" });
  expect(result.stderr).toContain(
    "--rename column:users.email=mail  or  --drop column:users.email",
  );
  expect((await ours("check")).code).toBe(3);
  expect(await readdir(join(folder, "drizzle"))).not.toContainEqual(expect.stringMatching(/^0002/));
});

test("fails on a syntax error in the schema, although drizzle-kit exits with 0", async () => {
  const { folder, ours, kit } = await createReleased();
  await writeFile(
    join(folder, "schema.ts"),
    `${table(`email: text("email")`)}\nexport const = 1;\n`,
  );
  expect(await kit("generate")).toMatchObject({ code: 0 });
  const generated = await ours("generate");
  expect(generated.code).toBe(2);
  expect(generated.stderr).toContain("schema.ts:4:14");
  const checked = await ours("check");
  expect(checked.code).toBe(3);
  expect(checked.stdout).toContain("schema.ts:4:14");
});

test("fails on two snapshots that follow the same one, although drizzle-kit exits with 0", async () => {
  const { ours, kit, at } = await createReleased();
  const second = JSON.parse(await readFile(at("meta/0001_snapshot.json"), "utf8"));
  const journal = JSON.parse(await readFile(at("meta/_journal.json"), "utf8"));
  journal.entries.push({
    ...journal.entries[1],
    idx: 2,
    tag: "0002_other",
    when: journal.entries[1].when + 1,
  });
  await writeFile(at("meta/_journal.json"), JSON.stringify(journal));
  await writeFile(at("0002_other.sql"), "SELECT 1;");
  await writeFile(at("0002_other.down.sql"), "SELECT 1;");
  await writeFile(at("meta/0002_snapshot.json"), JSON.stringify({ ...second, id: "another" }));
  expect(await kit("generate")).toMatchObject({ code: 0 });
  const result = await ours("check");
  expect(result.code).toBe(3);
  expect(result.stdout).toContain(
    "0001_email and 0002_other follow the same migration: they were generated on two branches",
  );
});

test("fails on a missing migration file, although drizzle-kit exits with 0", async () => {
  const { ours, kit, at } = await createReleased();
  await rm(at("0001_email.sql"));
  expect(await kit("check")).toMatchObject({ code: 0 });
  const result = await ours("check");
  expect(result.code).toBe(3);
  expect(result.stdout).toContain("0001_email.sql is missing, although the journal lists it");
});

test("fails on an edited migration file, although drizzle-kit exits with 0", async () => {
  const { ours, kit, at } = await createReleased();
  await writeFile(at("0001_email.sql"), `ALTER TABLE "users" ADD COLUMN "email" varchar(9);`);
  expect(await kit("check")).toMatchObject({ code: 0 });
  const result = await ours("check");
  expect(result.code).toBe(3);
  expect(result.stdout).toContain("0001_email was edited after it was generated");
  expect(await ours("generate", "--accept")).toMatchObject({ code: 0 });
  const accepted = await ours("check");
  expect(accepted.code).toBe(3);
  expect(accepted.stdout).toContain("1 migration was never proved on a server: 0001_email");
  // The snapshot says text: only a server shows the difference.
  const proved = await ours("generate", "--prove");
  expect(proved.code).toBe(3);
  expect(proved.stdout).toContain("do not create the schema that the newest snapshot describes");
});
