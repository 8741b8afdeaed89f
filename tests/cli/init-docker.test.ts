import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createProject, runCli } from "../support/cli.ts";
import { appFleet, configFile, history } from "../support/fleet.ts";

const fleet = appFleet("postgresql://localhost/shop", ["acme"]);
const migrations = history("drizzle/app", { "0000_a": "CREATE TABLE a (id integer);" });

const withOut = (out: string) => ({
  "drizzle.config.ts": configFile({
    ...fleet,
    services: { app: { schema: "./s", out, database: "main", tenantSchema: "app_{tenant}" } },
  }),
});

async function expectRefused(project: string, words: string, ...args: string[]): Promise<void> {
  const before = (await readdir(project)).sort();
  const result = await runCli(project, ["init", "--docker", ...args]);
  expect(result, result.stderr).toMatchObject({ code: 2, stdout: "" });
  expect(result.stderr).toContain(words);
  expect((await readdir(project)).sort()).toEqual(before);
}

describe("init --docker", () => {
  test("copies the configuration, what it imports, and migrations, and shows how to build", async () => {
    const project = await createProject({
      "drizzle.config.ts": `import { defineFleet } from "drizzle-fleet/config";
import { tenants } from "./fleet/tenants";
export default defineFleet({ ...${JSON.stringify(fleet)}, tenants, rollout: { verify: "./smoke-test.sh --all" } });`,
      "smoke-test.sh": "exit 0",
      "fleet/tenants.ts": 'import ids from "./ids.json";\nexport const tenants = ids;',
      "fleet/ids.json": '["acme"]',
      ...migrations,
    });
    const result = await runCli(project, ["init", "--docker"]);
    expect(result, result.stderr).toMatchObject({ code: 0, stderr: "" });
    expect(result.stdout).toMatch(/^Wrote Dockerfile and \.dockerignore\./);
    expect(result.stdout).toMatch(/To build it, run: docker build --tag migrations \.\n$/);
    const lines = (await readFile(join(project, "Dockerfile"), "utf8")).split("\n");
    const { version } = JSON.parse(
      await readFile(join(project, "node_modules/drizzle-fleet/package.json"), "utf8"),
    );
    expect(lines.filter((line) => line !== "" && !line.startsWith("#"))).toEqual([
      `FROM drizzle-fleet/drizzle-fleet:${version}`,
      "COPY drizzle.config.ts ./drizzle.config.ts",
      "COPY fleet/ids.json ./fleet/ids.json",
      "COPY fleet/tenants.ts ./fleet/tenants.ts",
      "COPY smoke-test.sh ./smoke-test.sh",
      "COPY drizzle/app ./drizzle/app",
    ]);
    const ignored = (await readFile(join(project, ".dockerignore"), "utf8")).split("\n");
    expect(ignored.filter((line) => line !== "" && !line.startsWith("#"))).toEqual([
      "*",
      ...[
        "!drizzle.config.ts",
        "!fleet/ids.json",
        "!fleet/tenants.ts",
        "!smoke-test.sh",
        "!drizzle/app",
      ],
    ]);
  });

  test("gives another configuration file the name that the image finds, beside that file", async () => {
    const project = await createProject({ "app/fleet.mts": configFile(fleet) });
    const args = ["init", "--docker", "--config", "app/fleet.mts", "--json"];
    const result = await runCli(project, args);
    expect(result, result.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(result.stdout)).toEqual({
      written: ["app/Dockerfile", "app/.dockerignore"],
      folder: "app",
      copied: ["fleet.mts", "drizzle/app"],
      missing: ["drizzle/app"],
    });
    expect(await readFile(join(project, "app/Dockerfile"), "utf8")).toContain(
      "\nCOPY fleet.mts ./drizzle.config.mts\n",
    );
  });

  test.each(["Dockerfile", ".dockerignore"])(
    "never overwrites %s, and writes no file",
    async (name) => {
      const project = await createProject({
        "drizzle.config.ts": configFile(fleet),
        ...migrations,
      });
      await writeFile(join(project, name), "mine");
      await expectRefused(project, `${name} already exists`);
      expect(await readFile(join(project, name), "utf8")).toBe("mine");
    },
  );

  test("does not follow a broken link, and names all existing files", async () => {
    const project = await createProject({ "drizzle.config.ts": configFile(fleet) });
    await symlink("missing", join(project, "Dockerfile"));
    await mkdir(join(project, ".dockerignore"));
    await expectRefused(project, "Dockerfile, .dockerignore already exist");
  });

  test.each([
    [
      "a folder outside the project",
      withOut("../shared/drizzle"),
      "../shared/drizzle, the migrations folder of service app, is not inside the project",
    ],
    ["the project's own folder", withOut("."), "., the migrations folder of service app, is not"],
    [
      "a path that a Dockerfile reads as a pattern",
      withOut("drizzle/[app]"),
      "drizzle/[app] has characters that a Dockerfile cannot copy",
    ],
    [
      "a project that is not a fleet yet",
      { "drizzle.config.ts": "export default { dialect: 'postgresql' };" },
      "run: npx drizzle-fleet init",
    ],
  ])("refuses %s", async (_, files, words) => {
    await expectRefused(await createProject(files), words);
  });

  test("refuses a configuration that imports a file outside the project", async () => {
    const project = await createProject({
      "tenants.json": '["acme"]',
      "app/drizzle.config.ts": `import { defineFleet } from "drizzle-fleet/config";
import tenants from "../tenants.json";
export default defineFleet({ ...${JSON.stringify(fleet)}, tenants });`,
    });
    const words = "tenants.json, a file that drizzle.config.ts uses, is not inside the project";
    await expectRefused(project, words, "--config", "app/drizzle.config.ts");
  });

  test.each([["--yes"], ["--no-stamp"], ["--url-variable", "DATABASE_URL"]])(
    "refuses %s, which is about something else",
    async (...other) => {
      const project = await createProject({ "drizzle.config.ts": configFile(fleet) });
      await expectRefused(project, `--docker and ${other[0]} cannot be used together`, ...other);
    },
  );
});
