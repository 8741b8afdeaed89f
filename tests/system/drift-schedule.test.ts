import { chmod, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { run, runCli } from "../support/cli.ts";
import { createFolder } from "../support/fleet.ts";
import { blocksOf, readPage } from "../support/markdown.ts";
import { requireProgram } from "../support/programs.ts";
import { repository } from "../support/repository.ts";
import { createFleet } from "../support/small-fleet.ts";

const page = readPage("docs/drift.md");
const blocks = blocksOf(page);

const cli = `"${process.execPath}" "${join(repository, "dist/cli/main.js")}"`;

/** The command of a page, started without npx. */
const withoutNpx = (script: string) => script.replace("npx drizzle-fleet", cli);

/** A fleet whose connections are in variables, as those of a workflow are. */
async function createProductionFleet() {
  const { database, project } = await createFleet({
    tenants: ["a", "b"],
    migrations: { "0000_users": `CREATE TABLE "users" ("id" integer, "email" text);` },
    settings: {
      databases: { main: { url: { environmentVariable: "DATABASE_URI" } } },
      proofDatabase: { environmentVariable: "PROOF_DATABASE_URI" },
      connectTimeout: 200,
    },
  });
  const environment = { DATABASE_URI: database.url, PROOF_DATABASE_URI: database.url };
  expect(await runCli(project, ["migrate"], environment)).toMatchObject({ code: 0 });
  return { database, project, environment };
}

interface Step {
  readonly id?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Issue {
  readonly number: number;
  readonly state: string;
  readonly title: string;
  readonly labels: readonly string[];
  readonly body: string;
  readonly comments: readonly string[];
}

/** The page's workflow, whose steps are run as GitHub runs them, with a program that stands in for `gh`. */
async function createWorkflow(project: string, secrets: Record<string, string>) {
  requireProgram("jq");
  const block = blocks.find(({ text: content }) => content.includes("workflow_dispatch:"));
  const { steps }: { steps: Step[] } = parse(block?.text ?? "").jobs.drift;
  const standIn = join(repository, "tests/support/stand-in-gh.mjs");
  const folder = await createFolder({
    gh: `#!/bin/sh\nexec "${process.execPath}" "${standIn}" "$@"\n`,
    state: JSON.stringify({ issues: [], labels: [] }),
  });
  await chmod(join(folder, "gh"), 0o755);
  const [summary, output, state] = ["summary", "output", "state"].map((name) => join(folder, name));
  const workflow = {
    secrets,
    /** Returns the exit code of the job. */
    run: async () => {
      await writeFile(output ?? "", "");
      for (const step of steps.filter((one) => one.run !== undefined && one.run !== "npm ci")) {
        const outputs = await readFile(output ?? "", "utf8");
        const value = (name: string) => {
          const [, secret] = /^secrets\.(\w+)$/.exec(name) ?? [];
          const [, key] = /^steps\.drift\.outputs\.(\w+)$/.exec(name) ?? [];
          if (name === "github.token") return "token-of-the-job";
          if (secret !== undefined) return workflow.secrets[secret] ?? "";
          return new RegExp(`^${key}=(.*)$`, "m").exec(outputs)?.[1] ?? "";
        };
        const variables = Object.entries(step.env ?? {}).map(([name, expression]) => [
          name,
          expression.replace(/\$\{\{ ([\w.]+) \}\}/g, (_, inner) => value(inner)),
        ]);
        const result = await run(project, "bash", ["-e", "-c", withoutNpx(step.run ?? "")], {
          ...Object.fromEntries(variables),
          PATH: `${folder}${delimiter}${process.env.PATH}`,
          ...{
            GH_STATE: state ?? "",
            GITHUB_OUTPUT: output ?? "",
            GITHUB_STEP_SUMMARY: summary ?? "",
          },
          ...{ GITHUB_SERVER_URL: "https://github.com", GITHUB_REPOSITORY: "acme/shop" },
          GITHUB_RUN_ID: "42",
        });
        if (result.code !== 0) return result;
      }
      return { code: 0, stdout: "", stderr: "" };
    },
    issues: async (): Promise<Issue[]> => JSON.parse(await readFile(state ?? "", "utf8")).issues,
    summary: () => readFile(summary ?? "", "utf8"),
  };
  return workflow;
}

test("the workflow of the page keeps one issue while there is drift, and closes it afterwards", async () => {
  const { database, project, environment } = await createProductionFleet();
  const workflow = await createWorkflow(project, environment);
  expect(await workflow.run()).toMatchObject({ code: 0 });
  expect(await workflow.issues()).toEqual([]);

  await database.query("ALTER TABLE app_a.users ALTER COLUMN email TYPE varchar(9)");
  expect(await workflow.run()).toMatchObject({ code: 0 });
  const [opened, ...more] = await workflow.issues();
  expect(more).toEqual([]);
  expect(opened).toMatchObject({ number: 1, state: "open", title: "Drift in production" });
  expect(opened?.labels).toEqual(["drift"]);
  expect(opened?.body).toMatch(
    /^\[Run of \d{4}-\d\d-\d\d\]\(https:\/\/github\.com\/acme\/shop\/actions\/runs\/42\)\n\n### 1 target of app at 0000_users: app\/a\n/,
  );
  expect(opened?.body).toContain("found:    character varying(9)");

  // The report is now longer than an issue can be.
  const columns = Array.from({ length: 700 }, (_, index) => `ADD c${index}_${"x".repeat(50)} int`);
  await database.query(`ALTER TABLE app_b.users ${columns.join(", ")}`);
  expect(await workflow.run()).toMatchObject({ code: 0 });
  const [updated, ...others] = await workflow.issues();
  expect(others).toEqual([]);
  expect(updated).toMatchObject({ number: 1, state: "open" });
  expect(updated?.body.length).toBeGreaterThan(50_000);
  expect((await workflow.summary()).length).toBeGreaterThan(70_000);
  expect(await workflow.summary()).toContain("Drift: 2 of 2 targets, in 2 shapes; 0 as expected.");

  // A failed run says nothing about drift.
  workflow.secrets = { ...environment, DATABASE_URI: "postgresql://u@127.0.0.1:1/none" };
  expect(await workflow.run()).toMatchObject({ code: 1, stderr: /ECONNREFUSED/ });
  expect(await workflow.issues()).toEqual([updated]);

  workflow.secrets = environment;
  await database.query("ALTER TABLE app_a.users ALTER COLUMN email TYPE text");
  const dropped = Array.from({ length: 700 }, (_, index) => `DROP c${index}_${"x".repeat(50)}`);
  await database.query(`ALTER TABLE app_b.users ${dropped.join(", ")}`);
  expect(await workflow.run()).toMatchObject({ code: 0 });
  const [closed] = await workflow.issues();
  expect(closed).toMatchObject({ number: 1, state: "closed" });
  expect(closed?.comments).toEqual([expect.stringContaining("No drift: 2 targets as expected.")]);

  await database.query("DROP TABLE app_a.users");
  expect(await workflow.run()).toMatchObject({ code: 0 });
  expect((await workflow.issues()).map(({ number, state }) => [number, state])).toEqual([
    [1, "closed"],
    [2, "open"],
  ]);
});

test("the commands of the page post drift to a webhook, and keep the exit code", async () => {
  requireProgram("jq");
  requireProgram("curl");
  const { database, project, environment } = await createProductionFleet();
  const posted: unknown[] = [];
  const server = createServer(async (request, response) => {
    posted.push(JSON.parse(await text(request)));
    response.end("ok");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const block = blocks.find(({ text: content }) => content.includes("DRIFT_WEBHOOK"));
  const post = () =>
    run(project, "sh", ["-c", withoutNpx(block?.text ?? "")], {
      ...environment,
      DRIFT_WEBHOOK: `http://127.0.0.1:${port}/secret`,
    });
  expect(await post()).toMatchObject({ code: 0, stderr: "" });
  expect(posted).toEqual([]);
  await database.query(`ALTER TABLE app_b.users ADD "it's" text`);
  expect(await post()).toMatchObject({ code: 4, stdout: "ok", stderr: "" });
  expect(posted).toEqual([
    { text: expect.stringMatching(/^```\nx 1 target of app at 0000_users: app\/b\n(.*\n)+```$/) },
  ]);
});
