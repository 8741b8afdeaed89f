import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { createProject, link, run, runCli } from "../support/cli.ts";
import { appFleet, configFile, createFolder, type Files, writeFiles } from "../support/fleet.ts";
import { repository } from "../support/repository.ts";

const fleet = { "drizzle.config.ts": configFile(appFleet("postgres://localhost/none", ["a"])) };
const github = ".github/workflows/drizzle-fleet.yml";
const gitlab = ".gitlab-ci.drizzle-fleet.yml";

/** A folder that looks like the root of a repository. */
function projectWith(files: Files): Promise<string> {
  return createFolder({ ".git/HEAD": "", ...files });
}

/** Runs init in a folder of a repository, and returns the file that it wrote there. */
async function written(
  folder: string,
  provider: "github" | "gitlab",
  inside = ".",
): Promise<string> {
  const result = await runCli(join(folder, inside), ["init", "--ci", provider]);
  expect(result).toMatchObject({ code: 0, stderr: "" });
  const file = provider === "github" ? github : gitlab;
  expect(result.stdout).toContain(`${file} was written. It is yours to change.\n`);
  return readFile(join(folder, file), "utf8");
}

const actionlint = (folder: string) =>
  run(folder, process.execPath, [join(repository, "scripts/lint-workflows.mjs")]);

describe("init --ci github", () => {
  test("writes a workflow that checks pull requests, and actionlint accepts it", async () => {
    const folder = await projectWith({ ...fleet, "package-lock.json": "{}" });
    expect(
      await written(folder, "github"),
    ).toBe(`# npx drizzle-fleet init --ci github wrote this file, and will not change it.
name: drizzle-fleet
on:
  pull_request:
permissions:
  contents: read
concurrency:
  group: drizzle-fleet-\${{ github.ref }}
  cancel-in-progress: true
jobs:
  check:
    runs-on: ubuntu-latest
    timeout-minutes: 10
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 22
          cache: npm
      - run: npm ci
      - run: npx drizzle-fleet check --format github
`);
    expect(await actionlint(folder)).toMatchObject({ code: 0, stderr: "" });
  });

  test("installs with the package manager of the lock file", async () => {
    const cases: readonly (readonly [lock: string, text: string, commands: readonly string[]])[] = [
      ["pnpm-lock.yaml", "", ["corepack enable", "pnpm install --frozen-lockfile", "pnpm exec"]],
      ["yarn.lock", "__metadata:\n", ["corepack enable", "yarn install --immutable", "yarn"]],
      [
        "yarn.lock",
        "# yarn lockfile v1\n",
        ["corepack enable", "yarn install --frozen-lockfile", "yarn run"],
      ],
      ["bun.lock", "", ["bun install --frozen-lockfile", "bunx"]],
      ["bun.lockb", "\0", ["bun install --frozen-lockfile", "bunx"]],
      ["README.md", "no lock file", ["npm install", "npx"]],
    ];
    const workflows = await createFolder();
    for (const [index, [lock, text, commands]] of cases.entries()) {
      const folder = await projectWith({ ...fleet, [lock]: text });
      const workflow = await written(folder, "github");
      await writeFiles(workflows, { [`.github/workflows/${index}.yml`]: workflow });
      const { steps } = (parse(workflow) as Workflow).jobs.check;
      const start = `${commands.at(-1)} drizzle-fleet check --format github`;
      expect(steps.flatMap(({ run }) => run ?? [])).toEqual([...commands.slice(0, -1), start]);
    }
    const linted = await actionlint(workflows);
    expect(linted).toMatchObject({ code: 0, stdout: "6 workflows, 0 mistakes\n", stderr: "" });
  });

  test("writes to the root of a monorepo, and works in the folder of the project", async () => {
    const files = { "drizzle.config.mts": fleet["drizzle.config.ts"] };
    const folder = await projectWith({ "pnpm-lock.yaml": "" });
    await writeFiles(join(folder, "packages/the db"), files);
    const workflow = parse(await written(folder, "github", "packages/the db")) as Workflow;
    const { steps } = workflow.jobs.check;
    expect(steps.at(-2)).toEqual({ run: "pnpm install --frozen-lockfile" });
    expect(steps.at(-1)).toEqual({
      run: "pnpm exec drizzle-fleet check --format github",
      "working-directory": "packages/the db",
    });
    expect(await actionlint(folder)).toMatchObject({ code: 0, stderr: "" });
  });
});

interface Workflow {
  readonly jobs: { readonly check: { readonly steps: readonly { readonly run?: string }[] } };
}

interface Pipeline {
  readonly "drizzle-fleet": Record<string, readonly string[]>;
}

describe("init --ci gitlab", () => {
  test("writes a job to include, whose commands report what check finds", async () => {
    const folder = await createProject({
      ".git/HEAD": "",
      ...fleet,
      "package-lock.json": "{}",
      "schema/users.ts":
        'import { pgTable, text } from "drizzle-orm/pg-core";\nexport const users = pgTable("users", { name: text("name") });\n',
    });
    const text = await written(folder, "gitlab");
    expect(
      text,
    ).toBe(`# npx drizzle-fleet init --ci gitlab wrote this file, and will not change it. To use it, add to .gitlab-ci.yml:
# include:
#   - local: .gitlab-ci.drizzle-fleet.yml
drizzle-fleet:
  stage: test
  image: node:22
  timeout: 10 minutes
  interruptible: true
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  before_script:
    - npm ci
  script:
    - npx drizzle-fleet check
  # GitLab shows the report in the merge request.
  after_script:
    - npx drizzle-fleet check --format gitlab > "$CI_PROJECT_DIR/gl-code-quality-report.json"
  artifacts:
    when: always
    reports:
      codequality: gl-code-quality-report.json
`);
    const job = (parse(text) as Pipeline)["drizzle-fleet"];
    const [line = ""] = job.after_script ?? [];
    const own = `"${process.execPath}" "${join(repository, "dist/cli/main.js")}"`;
    const result = await run(folder, "sh", ["-c", line.replace("npx drizzle-fleet", own)], {
      CI_PROJECT_DIR: folder,
    });
    expect(result).toMatchObject({ code: 3, stdout: "" });
    const report = JSON.parse(await readFile(join(folder, "gl-code-quality-report.json"), "utf8"));
    expect(report).toEqual([
      {
        description: expect.stringMatching(
          /^app: the Drizzle schema has changes without a migration\n-> To write a migration, run: /,
        ),
        check_name: "drizzle-fleet schema",
        fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
        severity: "major",
        location: { path: "schema", lines: { begin: 1 } },
      },
    ]);
  });

  test("enters the folder of the project, and that of its lock file", async () => {
    const folder = await projectWith({ "bun.lock": "" });
    await writeFiles(join(folder, "packages/the db"), fleet);
    const pipeline = parse(await written(folder, "gitlab", "packages/the db")) as Pipeline;
    expect(pipeline["drizzle-fleet"]).toMatchObject({
      before_script: ["npm install --global bun", "bun install --frozen-lockfile"],
      script: [`cd "$CI_PROJECT_DIR"/'packages/the db' && bunx drizzle-fleet check`],
    });
  });
});

describe("init --ci", () => {
  test.each(["github", "gitlab"] as const)("never replaces the file for %s", async (provider) => {
    const file = provider === "github" ? github : gitlab;
    const folder = await projectWith({ ...fleet, [file]: "mine" });
    const result = await runCli(folder, ["init", "--ci", provider]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(
      `error: ${file}: this file already exists\n-> Nothing was written`,
    );
    expect(await readFile(join(folder, file), "utf8")).toBe("mine");
  });

  test("refuses a folder without a configuration, an unknown provider, and options of init", async () => {
    const folder = await projectWith({});
    const none = await runCli(folder, ["init", "--ci", "github"]);
    expect(none).toMatchObject({ code: 2 });
    expect(none.stderr).toContain("there is no drizzle.config.ts");
    const unknown = await runCli(folder, ["init", "--ci", "jenkins"]);
    expect(unknown).toMatchObject({ code: 2 });
    expect(unknown.stderr).toContain("Allowed choices are github, gitlab.");
    const both = await runCli(folder, ["init", "--ci", "github", "--tenants", "a"]);
    expect(both).toMatchObject({ code: 2 });
    expect(both.stderr).toContain("cannot be used with option '--tenants <tenants>'");
  });

  test("names the file as JSON", async () => {
    const folder = await projectWith(fleet);
    await link(folder);
    const result = await runCli(folder, ["init", "--ci", "gitlab", "--json"]);
    expect(JSON.parse(result.stdout)).toEqual({ file: gitlab, inRepository: gitlab });
  });
});
