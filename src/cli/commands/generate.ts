import { Command } from "commander";
import { addCommonOptions, type CommonOptions, createContext, type Finish } from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { printJson, printText } from "../output.ts";

interface GenerateCommandOptions extends CommonOptions {
  readonly name?: string;
  readonly custom?: boolean;
}

export function generateCommand(finish: Finish): Command {
  return addCommonOptions(new Command("generate"))
    .description("write one migration for each service whose Drizzle schema changed")
    .argument("[service...]", "services (default: all)")
    .option("-n, --name <name>", "what the migration's name says behind its number")
    .option("--custom", "write an empty migration to fill in, such as a backfill")
    .action(async (services: string[], options: GenerateCommandOptions, command: Command) => {
      if (options.custom === true && services.length === 0)
        command.error("error: --custom needs a service");
      const { generate } = await import("../../operations/generate.ts");
      const interactive = process.stdin.isTTY === true && process.stdout.isTTY === true;
      const generated = await generate(await createContext(options), {
        services,
        name: options.name,
        custom: options.custom === true,
        interactive,
      });
      if (options.json === true) printJson({ generated });
      else
        for (const { service, file } of generated)
          await printText(`${service}: ${file ?? "no changes"}`);
      finish(exitCode.done);
    });
}
