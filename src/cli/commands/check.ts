import { Command, InvalidArgumentError } from "commander";
import type { Finding } from "../../core/finding.ts";
import type { Reviewed } from "../../operations/check.ts";
import {
  addCommonOptions,
  addServices,
  createContext,
  type Finish,
  type ServiceOptions,
} from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { footer } from "../help.ts";
import { printCommands, printJson, printText } from "../output.ts";

interface CheckOptions extends ServiceOptions {
  readonly format?: "text" | "json" | "github";
  readonly database?: string | true;
  readonly accept?: string;
}

export function checkCommand(finish: Finish): Command {
  return addServices(addCommonOptions(new Command("check")))
    .description(
      "find schema changes without a migration and migrations that are damaged; needs no database",
    )
    .option("--format <format>", "text, json, or github for annotations", formatOf)
    .option(
      "--database [url]",
      "also run every migration up, down and up, in this database (default: embedded)",
    )
    .option(
      "--accept <reason>",
      "accept faults of released migrations that cannot be fixed",
      reasonOf,
    )
    .addHelpText(
      "after",
      footer(`
Exit code 3 when something is found.

--accept is for faults that can no longer be fixed and endanger no tenant:
missing snapshots and downs, the journal's order, old branches, stray files. It
records them in accepted.json beside the migrations, and check does not report
them again.
It does not accept an edited migration: use generate --accept for that.`),
    )
    .action(async (_: string[], options: CheckOptions) => {
      const { review } = await import("../../operations/check.ts");
      const { database, accept, service: services = [] } = options;
      const reviewed = await review(await createContext(options, "ends"), services, {
        database,
        accept,
      });
      await show(reviewed, options);
      const { findings } = reviewed;
      finish(findings.length === 0 ? exitCode.done : exitCode.found);
    });
}

async function show(reviewed: Reviewed, options: CheckOptions): Promise<void> {
  const { findings, accepted, stale, proved } = reviewed;
  const { acceptedText, findingText, provedHistoriesText, staleText } = await import(
    "../../report/check.ts"
  );
  const good = [nothingFound, ...provedHistoriesText(proved ?? [])];
  const format = options.json === true ? "json" : (options.format ?? "text");
  if (format === "json") printJson({ findings: findings.map(documentOf), accepted, stale, proved });
  else if (format === "github") {
    const { githubText } = await import("../../report/github.ts");
    const text = githubText(findings, process.env.GITHUB_WORKSPACE ?? process.cwd());
    if (findings.length > 0) printCommands(text);
    else await printText(good.join("\n\n"));
  } else {
    const parts = [
      ...findings.map(findingText),
      ...(options.accept === undefined ? [] : acceptedText(accepted)),
      ...staleText(stale),
    ];
    if (findings.length === 0) parts.unshift(...good);
    else parts.push(...good.slice(1));
    await printText(parts.join("\n\n"));
  }
}

const nothingFound = "Nothing found: every schema change has its migration.";

function documentOf({ service, problem, tags, sql, questions }: Finding): unknown {
  const { code, message, where, excerpt, remedy, identity } = problem;
  const acceptable = identity !== undefined || tags !== undefined;
  return { service, code, message, where, excerpt, remedy, acceptable, tags, sql, questions };
}

function reasonOf(text: string): string {
  if (text.trim() !== "") return text.trim();
  throw new InvalidArgumentError('Give a reason, as in --accept "released before drizzle-fleet".');
}

function formatOf(text: string): "text" | "json" | "github" {
  if (text === "text" || text === "json" || text === "github") return text;
  throw new InvalidArgumentError("Write text, json or github.");
}
