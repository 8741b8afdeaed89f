import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, inject, test } from "vitest";
import { parse } from "yaml";
import { type CliResult, link, run, runCli } from "../support/cli.ts";
import { configFile, createFolder, history, writeFiles } from "../support/fleet.ts";
import { createRepository } from "../support/git.ts";
import { startGitHub } from "../support/github.ts";
import { repository } from "../support/repository.ts";

const schema = (columns: string) => `import { pgTable, text } from "drizzle-orm/pg-core";
export const users = pgTable("users", { name: text("name"), ${columns} });
`;

const config = (adminUrl: string) =>
  configFile({
    databases: { main: { url: "postgres://localhost/none" } },
    proofDatabase: adminUrl,
    services: {
      app: {
        schema: "./schema.ts",
        out: "./drizzle",
        database: "main",
        tenantSchema: "app_{tenant}",
      },
    },
    tenants: ["a"],
  });

let original: Promise<string> | undefined;

afterAll(async () => {
  if (original !== undefined) await rm(await original, { recursive: true });
});

/**
 * A repository with a project in the folder `db`. The base branch has one migration; the branch `phone`, which is checked
 * out, adds another one. It is made once, and copied for each test.
 */
async function createPullRequest() {
  original ??= createOriginal();
  const root = await createFolder();
  await cp(await original, root, { recursive: true, verbatimSymlinks: true });
  const { git, commit } = await createRepository(root);
  const base = (await git("rev-parse", "main")).trim();
  return { root, project: join(root, "db"), base, git, commit };
}

async function createOriginal(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "drizzle-fleet-pull-request-"));
  const project = join(root, "db");
  await writeFiles(root, {
    ".gitignore": "node_modules\n",
    "db/package.json": '{ "type": "module" }',
    "db/drizzle.config.ts": config(inject("adminUrl")),
  });
  await link(project);
  const { git, commit } = await createRepository(root);
  const generate = async (name: string, columns: string) => {
    await writeFile(join(project, "schema.ts"), schema(columns));
    expect(await runCli(project, ["generate", "--name", name])).toMatchObject({ code: 0 });
    await commit(name);
  };
  await generate("init", "");
  await git("checkout", "--quiet", "-b", "phone");
  await generate("phone", 'phone: text("phone"),');
  return root;
}

type GitHub = Awaited<ReturnType<typeof startGitHub>>;

interface ActionResult extends CliResult {
  readonly summary: string;
  readonly outputs: string;
}

interface Run {
  readonly root: string;
  readonly base: string;
  readonly github: GitHub;
  /** The repository that the pull request comes from. */
  readonly from?: string;
  readonly environment?: Record<string, string>;
}

/** Runs the action as a runner does: with its inputs, an event, and files for its results. */
async function runAction({ root, base, github, ...more }: Run): Promise<ActionResult> {
  const head = { sha: "4".repeat(40), repo: { full_name: more.from ?? "acme/shop" } };
  const event = {
    pull_request: { number: 7, head, base: { sha: base, repo: { full_name: "acme/shop" } } },
  };
  const temporary = await createFolder({ "event.json": JSON.stringify(event), summary: "" });
  const at = (name: string) => join(temporary, name);
  const script = join(repository, "scripts/action/check.mjs");
  const result = await run(root, process.execPath, [script], {
    GITHUB_API_URL: github.url,
    GITHUB_EVENT_PATH: at("event.json"),
    GITHUB_OUTPUT: at("output"),
    GITHUB_REPOSITORY: "acme/shop",
    GITHUB_RUN_ID: "42",
    GITHUB_SERVER_URL: "https://github.example",
    GITHUB_STEP_SUMMARY: at("summary"),
    GITHUB_WORKSPACE: root,
    RUNNER_TEMP: temporary,
    INPUT_ARGS: "--service app",
    INPUT_COMMAND: `'${process.execPath}' "${join(repository, "dist/cli/main.js")}"`,
    INPUT_COMMENT: "true",
    INPUT_TOKEN: "token-of-the-job",
    INPUT_WORKING_DIRECTORY: "db",
    ...more.environment,
  });
  const [summary, outputs] = await Promise.all(
    ["summary", "output"].map((name) => readFile(at(name), "utf8")),
  );
  return { ...result, summary: summary ?? "", outputs: outputs ?? "" };
}

const annotationsIn = ({ stdout }: CliResult, kind: string) =>
  stdout.split("\n").filter((line) => line.startsWith(`::${kind}`));

describe("the action", () => {
  test("comments the migrations of a pull request, and keeps the one comment up to date", async () => {
    const { root, base, git } = await createPullRequest();
    const github = await startGitHub();
    // A comment of a person, on the first of two pages, begins with the same line.
    const copied = "<!-- drizzle-fleet check: db -->\nnothing to see";
    github.add("mallory", "User", copied);
    for (let count = 0; count < 110; count += 1) github.add("alice", "User", "a comment");

    const first = await runAction({ root, base, github });
    expect(first).toMatchObject({ code: 0, stderr: "", outputs: "findings=0\npending=1\n" });
    expect(first.summary).toContain("## drizzle-fleet check: 0 problems");
    expect(first.summary).toContain('ADD COLUMN "phone" text;');
    expect(github.comments).toHaveLength(112);
    expect(github.comments.at(-1)?.body).toBe(`<!-- drizzle-fleet check: db -->
### drizzle-fleet: 1 pending migration

check found no problems.

| service | migration | down |
|---|---|---|
| <code>app</code> | <code>0001_phone</code> | yes |

<details><summary><code>drizzle/0001_phone.sql</code></summary>

\`\`\`sql
ALTER TABLE "users" ADD COLUMN "phone" text;
\`\`\`

</details>


<sub>For commit ${"4".repeat(40)}.</sub>
`);

    await writeFile(
      join(root, "db/schema.ts"),
      schema('mail: text("mail"), phone: text("phone"),'),
    );
    const second = await runAction({ root, base, github });
    expect(second).toMatchObject({ code: 3, outputs: "findings=1\npending=1\n" });
    expect(annotationsIn(second, "error")).toEqual([
      expect.stringMatching(
        /^::error file=db\/schema\.ts,title=drizzle-fleet%3A app::the Drizzle schema has changes without a migration%0A.*%0A-> /,
      ),
    ]);
    expect(github.comments).toHaveLength(112);
    expect(github.comments.at(-1)?.body).toContain(
      "**check found 1 problem**: see [the run](https://github.example/acme/shop/actions/runs/42).",
    );

    await git("reset", "--quiet", "--hard", base);
    await runAction({ root, base, github });
    expect(github.comments).toHaveLength(112);
    expect(github.comments.at(-1)?.body).toContain("### drizzle-fleet: no pending migrations");
    expect(github.comments[0]?.body).toBe(copied);
  });

  test("starts the project's drizzle-fleet, fetches the base of a shallow checkout, and comments nothing if nothing is pending", async () => {
    const { root, base, commit, git } = await createPullRequest();
    await git("checkout", "--quiet", "-b", "readme", "main");
    await writeFiles(root, { "README.md": "a change without a migration" });
    await commit("readme");
    const shallow = join(await createFolder(), "clone");
    await git("clone", "--quiet", "--depth=1", `file://${root}`, shallow);
    await link(join(shallow, "db"));
    const bin = join(shallow, "db/node_modules/.bin");
    await mkdir(bin);
    const program = join(repository, "dist/cli/bin.js");
    const script = `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`;
    await writeFile(join(bin, "drizzle-fleet"), script, { mode: 0o755 });
    const github = await startGitHub();
    const environment = { INPUT_COMMAND: "" };
    const result = await runAction({ root: shallow, base, github, environment });
    expect(result).toMatchObject({ code: 0, outputs: "findings=0\npending=0\n" });
    expect(github.requests.map((one) => one.split(" ")[0])).toEqual(["GET"]);

    const unknown = await runAction({ root: shallow, base: "f".repeat(40), github, environment });
    expect(unknown).toMatchObject({ code: 0, outputs: "findings=0\npending=\n" });
    expect(annotationsIn(unknown, "warning").join()).toContain("set fetch-depth: 0.");
  });

  test("writes only the summary for a fork", async () => {
    const { root, base } = await createPullRequest();
    const github = await startGitHub("forbidden");
    const result = await runAction({ root, base, github, from: "mallory/shop" });
    expect(result).toMatchObject({ code: 0, outputs: "findings=0\npending=1\n" });
    expect(result.summary).toContain('ADD COLUMN "phone" text;');
    expect(result.stdout).toContain("from a fork");
    expect(github.requests).toEqual([]);
  });

  test("warns if the token may not write, and keeps the result of check", async () => {
    const { root, base } = await createPullRequest();
    const github = await startGitHub("forbidden");
    const forbidden = await runAction({ root, base, github });
    expect(forbidden.code).toBe(0);
    expect(annotationsIn(forbidden, "warning")).toEqual([
      "::warning::The comment was not written: the token may not write to pull requests. To allow it, add to the job:%0Apermissions:%0A  contents: read%0A  pull-requests: write",
    ]);
    expect(forbidden.summary).toContain("pending migration");
    expect(github.comments).toEqual([]);

    const environment = { GITHUB_API_URL: "http://127.0.0.1:4" };
    const unreachable = await runAction({ root, base, github, environment });
    expect(unreachable.code).toBe(0);
    expect(annotationsIn(unreachable, "warning").join()).toContain("ECONNREFUSED");
  });

  test("annotates as many findings as GitHub shows, and lists all of them in the summary", async () => {
    const { root, base, project } = await createPullRequest();
    const tags = Array.from({ length: 60 }, (_, index) => `${String(index).padStart(4, "0")}_x`);
    await rm(join(project, "drizzle"), { recursive: true });
    await writeFiles(
      project,
      history(
        "drizzle",
        Object.fromEntries(tags.map((tag) => [tag, `CREATE TABEL "${tag}" ();\n\`\`\`\n`])),
      ),
    );
    const github = await startGitHub();
    const temporary = await createFolder({ "drizzle-fleet-annotations": "45" });
    const first = await runAction({ root, base, github });
    expect(first.code).toBe(3);
    const [, findings] = /findings=(\d+)/.exec(first.outputs) ?? [];
    expect(Number(findings)).toBeGreaterThan(50);
    expect(annotationsIn(first, "error")).toHaveLength(10);
    expect(first.stdout).toContain(`${Number(findings) - 10} more without an annotation`);
    for (const tag of tags) expect(first.summary).toContain(`drizzle/${tag}.sql:1:`);
    // Backticks of the SQL do not end the code block.
    expect(first.summary).toContain("````sql\n");

    // Other steps of the job have used 45 of its 50 annotations.
    const later = await runAction({
      ...{ root, base, github },
      environment: { RUNNER_TEMP: temporary },
    });
    expect(annotationsIn(later, "error")).toHaveLength(5);
    expect(await readFile(join(temporary, "drizzle-fleet-annotations"), "utf8")).toBe("50");
  });

  test("shows the SQL that fits, of a migration that is longer than a comment", async () => {
    const { root, base, project, commit } = await createPullRequest();
    const custom = await runCli(project, ["generate", "app", "--custom", "--name", "long"]);
    expect(custom).toMatchObject({ code: 0 });
    const long = `SELECT '${"x".repeat(70_000)}';\n`;
    await writeFile(join(project, "drizzle/0002_long.sql"), long);
    await commit("long");
    const github = await startGitHub();
    const result = await runAction({ root, base, github });
    expect(result.summary).toContain(long);
    expect(github.comments[0]?.body).toContain("<code>0002_long</code>");
    expect(github.comments[0]?.body).toContain("1 part not shown: too long for GitHub.");
  });

  test("reports a configuration that cannot be read, and a program that is not installed", async () => {
    const { root, base, project } = await createPullRequest();
    const github = await startGitHub();
    await writeFile(join(project, "drizzle.config.ts"), "export default {");
    const broken = await runAction({ root, base, github });
    expect(broken).toMatchObject({ code: 2, outputs: "findings=1\npending=\n" });
    expect(annotationsIn(broken, "error").join()).toContain("file=db/drizzle.config.ts");

    const missing = await runAction({
      ...{ root, base, github },
      environment: { INPUT_COMMAND: "npx --no-install no-such-fleet" },
    });
    expect(missing.code).toBe(1);
    expect(annotationsIn(missing, "error").join()).toContain(
      "install the project's packages in an earlier step",
    );
    expect(github.requests).toEqual([]);
  });
});

/** The part of GitHub's schema of action.yml that a composite action needs. */
interface Action {
  readonly name: string;
  readonly description: string;
  readonly inputs: Record<string, { readonly description: string; readonly default?: string }>;
  readonly outputs: Record<string, { readonly description: string; readonly value: string }>;
  readonly runs: {
    readonly using: string;
    readonly steps: readonly {
      readonly id?: string;
      readonly run: string;
      readonly shell?: string;
      readonly env: Record<string, string>;
    }[];
  };
}

test("action.yml hands every input to the script as a variable, and names outputs that it writes", async () => {
  const action = parse(await readFile(join(repository, "action.yml"), "utf8")) as Action;
  expect(Object.keys(action).sort()).toEqual(
    ["author", "branding", "description", "inputs", "name", "outputs", "runs"].sort(),
  );
  expect(action.runs.using).toBe("composite");
  const [step, ...others] = action.runs.steps;
  expect(others).toEqual([]);
  // An expression in a shell script would run what a pull request puts into it.
  expect(step?.run).not.toContain("${{");
  // A composite action requires it.
  expect(step?.shell).toBe("bash");
  const [, script = ""] = /\$GITHUB_ACTION_PATH\/([\w/.-]+)/.exec(step?.run ?? "") ?? [];
  const source = await readFile(join(repository, script), "utf8");
  for (const [name, { description, default: value }] of Object.entries(action.inputs)) {
    const variable = `INPUT_${name.toUpperCase().replaceAll("-", "_")}`;
    expect(step?.env[variable]).toBe(`\${{ inputs.${name} }}`);
    expect(source).toContain(variable);
    expect(description).toMatch(/\.$/);
    expect(typeof value, name).toBe("string");
  }
  expect(Object.keys(step?.env ?? {})).toHaveLength(Object.keys(action.inputs).length);
  for (const [name, { value }] of Object.entries(action.outputs)) {
    expect(value).toBe(`\${{ steps.${step?.id}.outputs.${name} }}`);
    expect(source).toContain(`${name}=$`);
  }
});
