import { Command } from "commander";
import { isFleetError, messageOf } from "../../core/errors.ts";
import type { Finding } from "../../core/finding.ts";
import type { Context } from "../../fleet/context.ts";
import type { DevObserver, DevResult } from "../../operations/dev.ts";
import { addConfigOption, type CommonOptions, createContext, type Finish } from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { printText, textWriter } from "../output.ts";

interface DevCommandOptions extends CommonOptions {
  readonly infra?: boolean;
  readonly skipMigrations?: boolean;
  readonly death?: boolean;
}

export function devCommand(finish: Finish): Command {
  return addConfigOption(new Command("dev"))
    .description("start the databases, migrate, then watch the schemas or run your program")
    .argument("[command...]", "your program with its arguments, after --")
    .option("--infra", "the databases only")
    .option("--skip-migrations", "do not migrate (as SKIP_MIGRATIONS=true)")
    .option("--death", "erase the embedded databases and their data")
    .action(async (command: string[], options: DevCommandOptions) => {
      const context = await createContext(options);
      if (options.death === true) return finish(await erase(context));
      const { dev } = await import("../../operations/dev.ts");
      const skipMigrations =
        options.skipMigrations === true || process.env.SKIP_MIGRATIONS === "true";
      const infra = options.infra === true;
      finish(
        codeOf(
          await dev(
            context,
            { infra, skipMigrations, command },
            await observerFor(command.length === 0),
          ),
        ),
      );
    });
}

async function erase(context: Context): Promise<number> {
  const { eraseDevelopmentData } = await import("../../operations/dev.ts");
  const erased = await eraseDevelopmentData(context);
  await printText(
    erased ? "The embedded databases and their data are erased." : "There is nothing to erase.",
  );
  return exitCode.done;
}

function codeOf(result: DevResult): number {
  if (result.kind === "migrationsFailed") return exitCode.failed;
  // Ending dev by Ctrl-C is how it is meant to end.
  return result.kind === "commandEnded" ? result.code : exitCode.done;
}

async function observerFor(stays: boolean): Promise<DevObserver> {
  const { migrateText } = await import("../../report/migrate.ts");
  const { showProgress } = await import("../../report/progress.ts");
  const { findingText } = await import("../../report/check.ts");
  const { errorText } = await import("../../report/errors.ts");
  const say = await textWriter(process.stderr);
  let last = "";
  return {
    rollout: showProgress(process.stderr),
    migrated: (result) => say(migrateText(result)),
    ready: (lines) =>
      say(["", ...lines, ...(stays ? ["", "Running. Stop with Ctrl-C."] : [])].join("\n")),
    schemas: (findings: readonly Finding[]) => {
      const text = findings.map(findingText).join("\n\n");
      if (text !== last)
        say(text === "" ? "\nEvery schema change has its migration." : `\n${text}`);
      last = text;
    },
    unreadable: (error: unknown) => {
      last = "";
      const why = isFleetError(error) ? errorText(error) : `error: ${messageOf(error)}`;
      say(`\n${why}`);
    },
  };
}
