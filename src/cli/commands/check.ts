import { Command, InvalidArgumentError } from "commander";
import { addCommonOptions, type CommonOptions, createContext, type Finish } from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { printCommands, printJson, printText } from "../output.ts";

interface CheckOptions extends CommonOptions {
  readonly format?: "text" | "json" | "github";
  readonly database?: string | true;
}

export function checkCommand(finish: Finish): Command {
  return addCommonOptions(new Command("check"))
    .description(
      "find schema changes without a migration and migrations that are damaged; needs no database",
    )
    .argument("[service...]", "services (default: all)")
    .option("--format <format>", "text, json, or github for annotations", formatOf)
    .option(
      "--database [url]",
      "also run every migration up, down and up, in this database (default: embedded)",
    )
    .addHelpText("after", "\nExit code 3 when something is found.")
    .action(async (services: string[], options: CheckOptions) => {
      const { check } = await import("../../operations/check.ts");
      const context = await createContext(options);
      const findings = await check(context, services);
      if (options.database !== undefined) {
        const { proveHistories } = await import("../../operations/prove-history.ts");
        const url = options.database === true ? undefined : options.database;
        findings.push(...(await proveHistories(context, services, url)));
      }
      const format = options.json === true ? "json" : (options.format ?? "text");
      if (format === "json") {
        printJson({
          findings: findings.map(({ service, problem, sql, questions }) => {
            const { code, message, where, excerpt, remedy } = problem;
            return { service, code, message, where, excerpt, remedy, sql, questions };
          }),
        });
      } else if (findings.length === 0)
        await printText("Nothing found: every schema change has its migration.");
      else if (format === "github") {
        const { githubText } = await import("../../report/github.ts");
        const root = process.env.GITHUB_WORKSPACE ?? process.cwd();
        printCommands(githubText(findings, root));
      } else {
        const { findingText } = await import("../../report/errors.ts");
        await printText(findings.map(findingText).join("\n\n"));
      }
      finish(findings.length === 0 ? exitCode.done : exitCode.found);
    });
}

function formatOf(text: string): "text" | "json" | "github" {
  if (text === "text" || text === "json" || text === "github") return text;
  throw new InvalidArgumentError("Write text, json or github.");
}
