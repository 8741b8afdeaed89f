#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { packageVersion } from "../config/version.ts";
import { isFleetError } from "../core/errors.ts";
import { errorText } from "../report/errors.ts";
import { checkCommand } from "./commands/check.ts";
import { devCommand } from "./commands/dev.ts";
import { generateCommand } from "./commands/generate.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { statusCommand } from "./commands/status.ts";
import { listenForInterruption, wasInterrupted } from "./context.ts";
import { exitCode, exitCodeOf } from "./exit-codes.ts";

/** Runs one verb and returns the exit code. */
async function run(argv: readonly string[]): Promise<number> {
  let code: number = exitCode.done;
  const finish = (ended: number) => {
    code = ended;
  };
  const program = new Command("drizzle-fleet")
    .description("Schema-per-tenant PostgreSQL migrations for Drizzle ORM.")
    .version(packageVersion())
    .showHelpAfterError("(add --help for what there is)")
    .exitOverride();
  const verbs = [generateCommand, checkCommand, migrateCommand, statusCommand, devCommand];
  for (const verb of verbs)
    program.addCommand(
      verb(finish).exitOverride().showHelpAfterError("(add --help for what there is)"),
    );
  try {
    await program.parseAsync([...argv]);
    return code;
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage;
  if (wasInterrupted()) return exitCode.interrupted;
  if (!isFleetError(error)) throw error;
  process.stderr.write(`error: ${errorText(error)}\n`);
  return exitCodeOf(error.code);
}

listenForInterruption(() => process.exit(exitCode.interrupted));
process.exitCode = await run(process.argv);
