import { Option } from "commander";
import { FleetError } from "../../core/errors.ts";
import type { LintResult } from "../../core/lint.ts";
import type { LintRequest } from "../../operations/lint.ts";
import { createContext } from "../context.ts";
import { type ExitCode, exitCode } from "../exit-codes.ts";
import { groups, type VerbHelp } from "../help/sections.ts";
import { addCommonOptions } from "../options/common.ts";
import { addServices, type ServiceOptions } from "../options/selection.ts";
import { printCommands, printJson, printText } from "../output.ts";
import { newVerb, type Verb } from "../verb.ts";

const formats = ["text", "json", "github", "gitlab", "sarif", "markdown"] as const;

interface LintFlags extends ServiceOptions {
  readonly since?: string;
  readonly pending?: boolean;
  readonly all?: boolean;
  readonly strict?: boolean;
  readonly explain?: boolean;
  readonly trace: boolean;
  readonly database?: string | true;
  readonly format?: (typeof formats)[number];
}

const help: VerbHelp = {
  summary: "find statements of migrations that harm running tenants",
  details: `
lint runs each statement in a scratch schema, and reads which tables it locks, rewrites and scans on your version of
PostgreSQL. Without a server, it judges the SQL by its text.

By default, it looks at the migrations that are not on the default branch. A comment above a statement accepts a finding:
-- drizzle-fleet: allow RULE because REASON.`,
  examples: [
    ["look at the migrations of the current branch", "npx drizzle-fleet lint"],
    ["annotate a pull request in GitHub Actions", "npx drizzle-fleet lint --format github"],
    ["before a rollout, with the sizes of the tenants' tables", "npx drizzle-fleet lint --pending"],
    [
      "show what each statement locks, and for how long",
      "npx drizzle-fleet lint --pending --explain",
    ],
  ],
  exitCodes: {
    0: "no errors found",
    1: "a database is unreachable",
    2: "invalid usage, configuration or migration files",
    3: "found an error, or with --strict a warning",
    130: true,
  },
  page: "lint.md",
};

export function lintVerb(): Verb {
  const command = newVerb("lint", help);
  addServices(command)
    .optionsGroup(groups.migrations)
    .option("--since <ref>", "select migrations that are not in this branch, tag or commit")
    .option("--pending", "select migrations that a tenant is missing, and read the sizes of tables")
    .option("--all", "select all migrations")
    .optionsGroup(groups.options)
    .option("--strict", "exit with code 3 also for warnings")
    .option("--explain", "also show what each statement locks, rewrites and scans")
    .option("--database [url]", "run the statements in this database (default: embedded)")
    .option("--no-trace", "judge the SQL without a server")
    .optionsGroup(groups.output)
    .addOption(new Option("--format <format>", "format of the findings").choices(formats));
  return { command: addCommonOptions(command), run: runLint };
}

async function runLint(_: string[], options: LintFlags): Promise<ExitCode> {
  const request = requestOf(options);
  const { lint } = await import("../../operations/lint.ts");
  const result = await lint(await createContext(options, "end"), request);
  await print(result, options.json === true ? "json" : (options.format ?? "text"));
  const failing = options.strict === true ? ["error", "warning"] : ["error"];
  const isFound = result.findings.some(({ severity }) => failing.includes(severity));
  return isFound ? exitCode.found : exitCode.done;
}

function requestOf(options: LintFlags): LintRequest {
  const { service: services = [], since, pending, all, trace, database, explain } = options;
  const given = [
    ...(since === undefined ? [] : ["--since"]),
    ...(pending === true ? ["--pending"] : []),
    ...(all === true ? ["--all"] : []),
  ];
  if (given.length > 1) throw excludeError(given);
  if (!trace && typeof database === "string") throw excludeError(["--no-trace", "--database"]);
  return {
    ...{ services, trace, explain: explain === true },
    ...(since === undefined ? {} : { select: { since } }),
    ...(pending === true ? { select: "pending" } : all === true ? { select: "all" } : {}),
    ...(typeof database === "string" ? { database } : {}),
  };
}

function excludeError(options: readonly string[]): FleetError {
  return new FleetError("usage", `${options.join(" and ")} exclude each other`, {
    remedy: "Use one of them.",
  });
}

async function print(result: LintResult, format: (typeof formats)[number]): Promise<void> {
  if (format === "json") return printJson(documentOf(result));
  if (format === "sarif") {
    const { sarifDocument } = await import("../../report/sarif.ts");
    const { describedRules } = await import("../../lint/described-rules.ts");
    const { packageVersion } = await import("../../config/version.ts");
    const tool = { version: packageVersion(), rules: describedRules() };
    return printJson(sarifDocument(result.findings, tool, rootOf("GITHUB_WORKSPACE")));
  }
  if (format === "gitlab") {
    const { gitlabLintDocument } = await import("../../report/gitlab.ts");
    return printJson(gitlabLintDocument(result.findings, rootOf("CI_PROJECT_DIR")));
  }
  const { lintMarkdown, lintText } = await import("../../report/lint.ts");
  if (format === "markdown") return printText(lintMarkdown(result));
  await printText(lintText(result));
  if (format !== "github" || result.findings.length === 0) return;
  const { githubLintText } = await import("../../report/github.ts");
  printCommands(githubLintText(result.findings, rootOf("GITHUB_WORKSPACE")));
}

/** The folder that the paths of a report are relative to. */
function rootOf(variable: string): string {
  return process.env[variable] ?? process.cwd();
}

/** The document of `lint --json`. */
export interface LintDocument extends LintResult {
  /** The number of findings of each severity. */
  readonly count: Readonly<Record<"error" | "warning" | "info", number>>;
}

function documentOf(result: LintResult): LintDocument {
  const count = { error: 0, warning: 0, info: 0 };
  for (const { severity } of result.findings) count[severity] += 1;
  return { count, ...result };
}
