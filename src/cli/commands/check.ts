import { InvalidArgumentError, Option } from "commander";
import type { FleetErrorCode } from "../../core/errors.ts";
import type { AcceptedFault } from "../../core/fault.ts";
import type { Finding } from "../../core/finding.ts";
import type { Reviewed } from "../../operations/check.ts";
import type { ProvedService } from "../../proof/prove-services.ts";
import { createContext } from "../context.ts";
import { type ExitCode, exitCode } from "../exit-codes.ts";
import { groups, type VerbHelp } from "../help/sections.ts";
import { addCommonOptions } from "../options/common.ts";
import { addServices, type ServiceOptions } from "../options/selection.ts";
import { printCommands, printJson, printText } from "../output.ts";
import { newVerb, type Verb } from "../verb.ts";

interface CheckFlags extends ServiceOptions {
  readonly format?: "text" | "json" | "github" | "gitlab";
  readonly database?: string | true;
  readonly accept?: string;
}

const help: VerbHelp = {
  summary: "find schema changes without a migration, and damaged migrations",
  details: `
Run it in continuous integration: it needs no database.

--accept is for faults that can no longer be fixed and endanger no tenant: missing snapshots and downs, a journal in
the wrong order, old branches, stray files. It records them in accepted.json in the migrations folder, and check no
longer reports them. For an edited migration, use generate --accept instead.`,
  examples: [
    ["check every service", "npx drizzle-fleet check"],
    ["annotate a pull request in GitHub Actions", "npx drizzle-fleet check --format github"],
    ["also run every migration up, down and up again", "npx drizzle-fleet check --database"],
    [
      "accept faults in released migrations",
      'npx drizzle-fleet check --accept "released before drizzle-fleet"',
    ],
  ],
  exitCodes: {
    0: "no problems found",
    1: "the database given with --database is unreachable",
    2: "invalid usage or configuration",
    3: "found a problem",
    130: true,
  },
  page: "migrations.md",
};

export function checkVerb(): Verb {
  const command = newVerb("check", help);
  command
    .optionsGroup(groups.options)
    .option("--database [url]", "also prove every migration in this database (default: embedded)")
    .option(
      "--accept <reason>",
      "accept faults in released migrations that cannot be fixed",
      reasonValue,
    );
  addServices(command)
    .optionsGroup(groups.output)
    .addOption(
      new Option("--format <format>", "format of the findings").choices([
        ...["text", "json", "github", "gitlab"],
      ]),
    );
  return { command: addCommonOptions(command), run: runCheck };
}

async function runCheck(_: string[], options: CheckFlags): Promise<ExitCode> {
  const { review } = await import("../../operations/check.ts");
  const { database, accept, service: services = [] } = options;
  const context = await createContext(options, "end");
  const reviewed = await review(context, services, { database, accept });
  await print(reviewed, options, context.config.file);
  return reviewed.findings.length === 0 ? exitCode.done : exitCode.found;
}

async function print(reviewed: Reviewed, options: CheckFlags, config: string): Promise<void> {
  const { findings } = reviewed;
  const format = options.json === true ? "json" : (options.format ?? "text");
  if (format === "json") printJson(documentOf(reviewed));
  else if (format === "gitlab") {
    const { gitlabDocument } = await import("../../report/gitlab.ts");
    printJson(gitlabDocument(findings, process.env.CI_PROJECT_DIR ?? process.cwd(), config));
  } else if (format === "github" && findings.length > 0) {
    const { githubText } = await import("../../report/github.ts");
    printCommands(githubText(findings, process.env.GITHUB_WORKSPACE ?? process.cwd()));
  } else await printText(await textOf(reviewed, options, format));
}

async function textOf(
  { findings, accepted, stale, proved }: Reviewed,
  options: CheckFlags,
  format: "text" | "github",
): Promise<string> {
  const { acceptedText, findingText, provedHistoriesText, staleText } = await import(
    "../../report/check.ts"
  );
  const nothing = findings.length === 0 ? [nothingFound] : [];
  const histories = provedHistoriesText(proved ?? []);
  if (format === "github") return [...nothing, ...histories].join("\n\n");
  const problems = [
    ...findings.map(findingText),
    ...(options.accept === undefined ? [] : acceptedText(accepted)),
    ...staleText(stale),
  ];
  const parts =
    findings.length === 0 ? [...nothing, ...histories, ...problems] : [...problems, ...histories];
  return parts.join("\n\n");
}

const nothingFound = "No problems found: every schema change has a migration.";

/** The document of `check --json`. */
export interface CheckDocument {
  readonly findings: readonly ShownFinding[];
  /** Accepted faults that were found. */
  readonly accepted: readonly AcceptedFault[];
  /** Accepted faults that were no longer found. */
  readonly stale: readonly AcceptedFault[];
  /** With `--database`: the services whose complete history was proved. */
  readonly proved?: readonly ProvedService[] | undefined;
}

interface ShownFinding {
  readonly service: string;
  readonly code: FleetErrorCode;
  readonly message: string;
  /** The place: a file, `file:line:column`, or a path inside the configuration. */
  readonly where: string | undefined;
  /** The source line with a caret under the spot. */
  readonly excerpt: string | undefined;
  /** What to do next: a sentence, or a command to run. */
  readonly remedy: string | undefined;
  /** True if `check --accept` can accept it. */
  readonly acceptable: boolean;
  /** The migrations, if one finding summarizes several of a kind. */
  readonly tags: readonly string[] | undefined;
  /** The SQL of the missing migration. */
  readonly sql: readonly string[] | undefined;
  /** Possible renames, which the SQL treats as a drop and a creation. */
  readonly questions: readonly string[] | undefined;
}

function documentOf({ findings, accepted, stale, proved }: Reviewed): CheckDocument {
  return { findings: findings.map(shown), accepted, stale, proved };
}

function shown({ service, problem, tags, sql, questions }: Finding): ShownFinding {
  const { code, message, where, excerpt, remedy, identity } = problem;
  const acceptable = identity !== undefined || tags !== undefined;
  return { service, code, message, where, excerpt, remedy, acceptable, tags, sql, questions };
}

function reasonValue(text: string): string {
  if (text.trim() !== "") return text.trim();
  throw new InvalidArgumentError('Give a reason, as in --accept "released before drizzle-fleet".');
}
