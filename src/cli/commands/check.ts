import { Command } from "commander";
import { addCommonOptions, type CommonOptions, createContext, type Finish } from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { printJson, printText } from "../output.ts";

export function checkCommand(finish: Finish): Command {
  return addCommonOptions(new Command("check"))
    .description(
      "find schema changes without a migration and migrations that are damaged; needs no database",
    )
    .argument("[service...]", "services (default: all)")
    .addHelpText("after", "\nExit code 3 when something is found.")
    .action(async (services: string[], options: CommonOptions) => {
      const { check } = await import("../../operations/check.ts");
      const { findingText } = await import("../../report/errors.ts");
      const findings = await check(await createContext(options), services);
      if (options.json === true) {
        printJson({
          findings: findings.map(({ service, problem, sql, questions }) => {
            const { code, message, where, remedy } = problem;
            return { service, code, message, where, remedy, sql, questions };
          }),
        });
      } else if (findings.length === 0)
        await printText("Nothing found: every schema change has its migration.");
      else await printText(findings.map(findingText).join("\n\n"));
      finish(findings.length === 0 ? exitCode.done : exitCode.found);
    });
}
