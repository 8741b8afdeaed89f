import { expect, test } from "vitest";
import type { LintDocument } from "../../src/cli/documents.ts";
import type { FleetInput } from "../../src/config/schema.ts";
import { runCli } from "../support/cli.ts";
import { configFile, type Files, history, writeFiles } from "../support/fleet.ts";
import { createRepository } from "../support/git.ts";
import { expectDocument } from "../support/json-schemas.ts";
import { createFleet } from "../support/small-fleet.ts";

const released = {
  "0000_orders": `CREATE TABLE "orders" ("id" integer PRIMARY KEY, "total" integer);`,
  "0001_small": `ALTER TABLE "orders" ALTER COLUMN "total" TYPE smallint;`,
};
const rewrite = `ALTER TABLE "orders" ALTER COLUMN "total" TYPE bigint;`;
const scan = `ALTER TABLE "orders" ALTER COLUMN "total" SET NOT NULL;`;
const added = { ...released, "0002_big": rewrite, "0003_total": `\n${scan}` };

/** Only these rules, so that other rules do not change what the tests expect. */
const only = [
  "rewrite",
  "scan-while-locked",
  "unused-allow",
  "allow-without-reason",
  "unknown-rule",
];

/** The findings of these tests' rules, as `tag:line rule severity`. */
async function found(project: string, ...args: string[]) {
  const { code, stdout, stderr } = await runCli(project, ["lint", "--json", ...args]);
  expect(stdout, stderr).not.toBe("");
  const document: LintDocument = JSON.parse(stdout);
  expectDocument("lint", document as unknown as Record<string, unknown>);
  const own = document.findings.filter(({ rule }) => only.includes(rule));
  const findings = own.map(({ tag, line, rule, severity }) => `${tag}:${line} ${rule} ${severity}`);
  return { code, document, findings, own };
}

/** A project whose newest migrations are on a branch. */
async function createBranch(more: Files = added, settings: Partial<FleetInput> = {}) {
  const { project, database, context } = await createFleet({ migrations: released, settings });
  const { git, commit } = await createRepository(project);
  await commit("released");
  await git("checkout", "--quiet", "-b", "feature");
  await writeFiles(project, history("drizzle/app", more));
  return { project, database, context, git, commit };
}

test("lint looks at the migrations that are not on the default branch, whether committed or not", async () => {
  const { project, git, commit } = await createBranch();
  const expected = ["0002_big:1 rewrite error", "0003_total:2 scan-while-locked warning"];
  expect(await found(project)).toMatchObject({
    code: 3,
    findings: expected,
    document: { selection: { kind: "since", name: "main" } },
  });
  await commit("feature");
  expect((await found(project)).findings).toEqual(expected);
  const all = await found(project, "--all");
  expect(all.findings).toEqual(["0001_small:1 rewrite error", ...expected]);
  expect(all.document.selection).toEqual({ kind: "all" });
  const none = await runCli(project, ["lint", "--since", "feature"]);
  expect(none).toMatchObject({ code: 0 });
  expect(none.stdout).toMatch(
    /^Nothing to lint: every migration is in feature \([0-9a-f]{7}\)\.\n$/,
  );
  await git("checkout", "--quiet", "main");
  await git("merge", "--quiet", "--ff-only", "feature");
  expect((await found(project)).findings).toEqual([]);
});

test("without a repository it looks at everything, and says so; unknown commits are refused", async () => {
  const { project } = await createFleet({ migrations: released });
  const { stdout, code } = await runCli(project, ["lint"]);
  expect(code).toBe(3);
  expect(stdout).toContain("in all 2 migrations (git knows no default branch to compare with).");
  const unknown = await runCli(project, ["lint", "--since", "v9"]);
  expect(unknown).toMatchObject({ code: 2 });
  expect(unknown.stderr).toContain('git knows no commit "v9"');
  const both = await runCli(project, ["lint", "--all", "--since", "HEAD"]);
  expect(both.stderr).toContain("--since and --all exclude each other");
});

test("a comment allows a finding; comments without a reason, unknown or unneeded ones are findings", async () => {
  const comment = (words: string) => `-- drizzle-fleet: allow ${words}`;
  const { project } = await createBranch({
    ...released,
    "0002_allowed": [
      comment("rewrite because the table is empty everywhere"),
      rewrite,
      "--> statement-breakpoint",
      `${scan} ${comment("scan-while-locked because it is small")}`,
    ].join("\n"),
    "0003_wrong": [
      comment("rewrite"),
      `ALTER TABLE "orders" ALTER COLUMN "total" TYPE text;`,
      comment("rewrte because I cannot spell"),
      comment("scan-while-locked because it was a scan once"),
      `ALTER TABLE "orders" ALTER COLUMN "total" DROP NOT NULL;`,
    ].join("\n"),
  });
  const { findings, own } = await found(project);
  expect(findings).toEqual([
    "0003_wrong:1 allow-without-reason error",
    "0003_wrong:2 rewrite error",
    "0003_wrong:3 unknown-rule error",
    "0003_wrong:4 unused-allow warning",
  ]);
  expect(own[2]?.remedy).toContain("Did you mean rewrite");
  // Without a trace it is not known what a comment allows.
  const untraced = await found(project, "--no-trace");
  expect(untraced.findings.filter((one) => one.includes("unused-allow"))).toEqual([]);
});

test("the configuration changes severities, for all services and for one", async () => {
  const { project, context } = await createBranch();
  const configure = async (lint: FleetInput["lint"], own: FleetInput["lint"]) => {
    const { fleet } = context.config;
    const { app } = fleet.services;
    if (app === undefined) throw new Error("no service");
    const services = { app: { ...app, lint: own } };
    const { url = "" } = fleet.databases.main ?? {};
    const input = { databases: { main: { url } }, services, tenants: ["a"], lint };
    const settings = { ...input, proofDatabase: url } as unknown as FleetInput;
    await writeFiles(project, { "drizzle.config.ts": configFile(settings) });
  };
  await configure({ rules: { rewrite: "info", "scan-while-locked": "off" } }, {});
  expect((await found(project)).findings).toEqual(["0002_big:1 rewrite info"]);
  await configure({ rules: { rewrite: "off" } }, { rules: { rewrite: "warning" } });
  expect((await found(project)).findings).toEqual([
    "0002_big:1 rewrite warning",
    "0003_total:2 scan-while-locked warning",
  ]);
  await configure({ largestTables: { orders: "20GB" } }, {});
  const { findings, document } = await found(project, "--explain");
  expect(findings).toEqual(["0002_big:1 rewrite error", "0003_total:2 scan-while-locked error"]);
  expect(document.statements?.map(({ aboutMs }) => aboutMs)).toEqual([682_667, 204_800]);
  await configure({ largestTables: { orders: "20GB" }, smallTable: "1TB" }, {});
  expect((await found(project)).findings).toEqual([
    "0002_big:1 rewrite info",
    "0003_total:2 scan-while-locked info",
  ]);
  await configure({ rules: { rewite: "off" } }, {});
  const misspelt = await runCli(project, ["lint"]);
  expect(misspelt).toMatchObject({ code: 2 });
  expect(misspelt.stderr).toMatch(
    /lint\.rules: rule "rewite" does not exist\n-> Did you mean rewrite\?/,
  );
  await configure({ smallTable: "much" }, {});
  expect((await runCli(project, ["lint"])).stderr).toContain(
    'lint.smallTable: must be a size such as "100MB" or "1.5GB"',
  );
});

test("--pending looks at what a tenant is missing, with the sizes of its tables", async () => {
  const { project, database } = await createFleet({
    tenants: ["a", "b"],
    migrations: released,
    pending: added,
    settings: { lint: { smallTable: "100kB" } },
  });
  await database.query(
    `INSERT INTO app_b.orders SELECT i, 1 FROM generate_series(1, 20000) i; ANALYZE app_a.orders; ANALYZE app_b.orders`,
  );
  const { findings, document } = await found(project, "--pending", "--explain");
  expect(findings).toEqual(["0002_big:1 rewrite error", "0003_total:2 scan-while-locked error"]);
  const [{ bytes } = { bytes: 0 }] = document.statements?.[0]?.rewrites ?? [];
  const [row] = await database.query<{ pages: number }>(
    `SELECT relpages AS pages FROM pg_class WHERE oid = 'app_b.orders'::regclass`,
  );
  expect(bytes).toBe((row?.pages ?? 0) * 8192);
  await database.query("TRUNCATE app_b.orders; ANALYZE app_b.orders");
  expect((await found(project, "--pending")).findings).toEqual([
    "0002_big:1 rewrite info",
    "0003_total:2 scan-while-locked info",
  ]);
  const { stdout, code } = await runCli(project, ["lint", "--pending", "--explain"]);
  expect(code).toBe(0);
  expect(stdout.split("\n").slice(0, 7).join("\n")).toBe(`drizzle/app/0002_big.sql
line  statement                   lock              tables  does
   1  ALTER TABLE "orders" ALTE…  ACCESS EXCLUSIVE  orders  rewrites, about 0 ms

drizzle/app/0003_total.sql
line  statement                      lock              tables  does
   2  ALTER TABLE "orders" ALTER C…  ACCESS EXCLUSIVE  orders  scans, about 0 ms`);
  await runCli(project, ["migrate"]);
  expect(await found(project, "--pending")).toMatchObject({
    code: 0,
    findings: [],
    document: { migrations: [] },
  });
});

test("without a trace it says so, and --strict fails for warnings", async () => {
  const { project } = await createBranch({ ...released, "0002_total": scan });
  const { stdout } = await runCli(project, ["lint", "--no-trace"]);
  expect(stdout).toContain("Not traced: app (--no-trace).");
  expect((await found(project)).code).toBe(0);
  expect((await found(project, "--strict")).code).toBe(3);
});

test("a history that cannot be replayed is judged by its text from there on", async () => {
  const { project } = await createBranch({
    ...released,
    "0002_fails": `SELECT 1/0;`,
    "0003_big": rewrite,
  });
  const { document } = await found(project);
  expect(document.untraced).toEqual([
    { service: "app", reason: expect.stringContaining("from drizzle/app/0002_fails.sql:1 on") },
  ]);
  await writeFiles(project, history("drizzle/app", { ...released, "0002_bad": "SELEKT 1;" }));
  expect(await runCli(project, ["lint"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("drizzle/app/0002_bad.sql:1:1: syntax error"),
  });
});

test("the formats name the file, the line, the rule and the page", async () => {
  const { project } = await createBranch({ ...released, "0002_big": rewrite });
  const text = (await runCli(project, ["lint"])).stdout;
  expect(text).toContain(`drizzle/app/0002_big.sql
x line 1: orders is written anew under an ACCESS EXCLUSIVE lock (rewrite)
    ALTER TABLE "orders" ALTER COLUMN "total" TYPE bigint
  -> `);
  expect(text).toContain("docs/reference/lint-rules.md#rewrite\n");
  const github = (await runCli(project, ["lint", "--format", "github"])).stdout;
  expect(github).toContain(
    "::error file=drizzle/app/0002_big.sql,line=1,title=drizzle-fleet%3A rewrite (app)::orders is",
  );
  const markdown = (await runCli(project, ["lint", "--format", "markdown"])).stdout;
  expect(markdown).toContain("### `drizzle/app/0002_big.sql`\n\n**error** [rewrite](https://");
  expect(markdown).toContain('```sql\nALTER TABLE "orders" ALTER COLUMN "total" TYPE bigint\n```');
  const gitlab = JSON.parse((await runCli(project, ["lint", "--format", "gitlab"])).stdout);
  expect(gitlab).toContainEqual({
    description: expect.stringContaining("app: orders is written anew"),
    check_name: "lint/rewrite",
    fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    severity: "major",
    location: { path: "drizzle/app/0002_big.sql", lines: { begin: 1 } },
  });
  const sarif = JSON.parse((await runCli(project, ["lint", "--format", "sarif"])).stdout);
  expect(sarif.runs[0].results).toContainEqual(
    expect.objectContaining({ ruleId: "rewrite", level: "error" }),
  );
});

test("check --database reports the errors of new migrations, and plain check none", async () => {
  const { project } = await createBranch();
  type Findings = { findings: { code: string; where: string; message: string }[] };
  const checked = async (...args: string[]) => {
    const { stdout } = await runCli(project, ["check", "--json", ...args]);
    const { findings }: Findings = JSON.parse(stdout);
    return findings.filter(({ code, message }) => code === "lint" && message.includes("(rewrite)"));
  };
  expect(await checked("--database")).toEqual([
    expect.objectContaining({
      where: "drizzle/app/0002_big.sql:1",
      message: "orders is written anew under an ACCESS EXCLUSIVE lock (rewrite)",
      acceptable: false,
    }),
  ]);
  expect(await checked()).toEqual([]);
});
