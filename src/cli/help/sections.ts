import type { Command } from "commander";
import { docsPage, homepage } from "../../core/docs-page.ts";
import { type ExitCode, exitCodeMeanings } from "../exit-codes.ts";
import { type EnvironmentVariable, environmentVariables } from "./environment.ts";
import { SectionLayout } from "./layout.ts";

/** Headings of the options, the same in every verb. */
export const groups = {
  options: "Options:",
  migrations: "Migrations:",
  selection: "Selection:",
  waves: "Waves:",
  failures: "Failure policy:",
  limits: "Concurrency and timeouts:",
  preflight: "Preflight:",
  proof: "Proof:",
  repair: "Repair:",
  script: "SQL script:",
  output: "Output:",
  general: "General:",
} as const;

/** What the help of a verb explains in addition to its arguments and options. */
export interface VerbHelp {
  /** What the verb does: an imperative, without a period. The list of verbs shows it. */
  readonly summary: string;
  /** What else to know before running it; paragraphs are separated by an empty line. */
  readonly details?: string;
  /** What a command does, and the command; the most common one first. */
  readonly examples: readonly (readonly [does: string, command: string])[];
  readonly environment?: readonly EnvironmentVariable[];
  /** The exit codes that the verb can end with; a text replaces the general meaning. */
  readonly exitCodes: Partial<Record<ExitCode, string | true>>;
  /** The page of docs/ about it. */
  readonly page: string;
}

/** Exit codes of a verb that runs a rollout. */
export const exitCodesOfRollout = { 0: true, 1: true, 2: true, 5: true, 130: true } as const;

/** Exit codes of a verb that changes a tenant. */
export const exitCodesOfTenant = {
  0: "done",
  1: "a step failed and was undone, a database is unreachable, or another run is in progress",
  2: "invalid usage or configuration; nothing was changed",
  130: true,
} as const;

/** Adds everything that the help of a verb explains in addition to its arguments and options. */
export function addHelp(command: Command, help: VerbHelp): Command {
  const { summary, details, examples, environment = [], exitCodes, page } = help;
  return command
    .summary(summary)
    .description([sentence(summary), ...paragraphs(details)].join("\n\n"))
    .addHelpText("after", ({ command: shown }) => {
      const layout = new SectionLayout(shown);
      return [
        ["Examples:", ...examples.flatMap((example) => layout.example(...example))],
        variables(layout, environment),
        ["Exit codes:", ...layout.terms(meaningsOf(exitCodes))],
        ["Documentation:", `  ${docsPage(page)}`],
      ]
        .filter((section) => section.length > 0)
        .map((section) => `\n${section.join("\n")}`)
        .join("\n");
    });
}

/** Adds the help of drizzle-fleet itself. */
export function addProgramHelp(program: Command): Command {
  return program
    .helpOption("-h, --help", "show this help")
    .description("Schema-per-tenant PostgreSQL migrations for Drizzle ORM.")
    .addHelpText("after", ({ command }) => {
      const layout = new SectionLayout(command);
      const sections = [
        [
          "Examples:",
          ...layout.example(
            "write a migration after editing a Drizzle schema",
            "npx drizzle-fleet generate auth --name add_avatar",
          ),
          ...layout.example("apply it to every tenant", "npx drizzle-fleet migrate"),
          ...layout.example(
            "see which tenants are not at head",
            "npx drizzle-fleet status --behind",
          ),
          ...layout.example("read the help of a command", "npx drizzle-fleet migrate --help"),
        ],
        variables(layout, Object.keys(environmentVariables) as EnvironmentVariable[]),
        ["Exit codes:", ...layout.terms(exitCodeMeanings)],
        ["Documentation:", `  ${homepage}`],
      ];
      return sections.map((section) => `\n${section.join("\n")}`).join("\n");
    });
}

function variables(layout: SectionLayout, names: readonly EnvironmentVariable[]): string[] {
  if (names.length === 0) return [];
  const shown = Object.fromEntries(names.map((name) => [name, environmentVariables[name]]));
  return ["Environment variables:", ...layout.terms(shown)];
}

function meaningsOf(codes: VerbHelp["exitCodes"]): Record<string, string> {
  const meanings: [string, string][] = Object.entries(codes).map(([code, meaning]) => [
    code,
    meaning === true ? exitCodeMeanings[Number(code) as ExitCode] : meaning,
  ]);
  return Object.fromEntries(meanings);
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}

function paragraphs(text = ""): string[] {
  return text
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim().replace(/\s*\n\s*/g, " "))
    .filter((paragraph) => paragraph !== "");
}
