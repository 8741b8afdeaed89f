import { isFleetError, messageOf } from "../../core/errors.ts";
import type { Finding } from "../../core/finding.ts";
import type { DevObserver, DevResult } from "../../operations/dev.ts";
import { createContext } from "../context.ts";
import { type ExitCode, exitCode } from "../exit-codes.ts";
import { groups } from "../help/sections.ts";
import { addGeneralOptions, type ConfigOption } from "../options/common.ts";
import { printText, textWriter } from "../output.ts";
import { newVerb, type Verb } from "../verb.ts";

interface DevFlags extends ConfigOption {
  readonly infra?: boolean;
  readonly skipMigrations?: boolean;
  readonly death?: boolean;
}

export function devVerb(): Verb {
  const command = newVerb("dev", {
    summary: "start the databases, migrate, then watch schemas or run your program",
    details: `
Without a configured database, dev starts an embedded PostgreSQL, which the project's other commands then use too. Your
program gets the connection in environment variables, and dev ends with your program's exit code.`,
    examples: [
      ["start, migrate and watch the Drizzle schemas", "npx drizzle-fleet dev"],
      ["run your program with the databases", "npx drizzle-fleet dev -- node server.js"],
      ["start only the databases", "npx drizzle-fleet dev --infra"],
      ["delete the embedded databases and start over", "npx drizzle-fleet dev --death"],
    ],
    environment: ["SKIP_MIGRATIONS=true", "NODE_ENV=production"],
    exitCodes: {
      0: "stopped with Ctrl-C, or your program exited with code 0",
      1: "a migration failed, or the databases did not start",
      2: true,
    },
    page: "configuration.md",
  })
    .argument("[command...]", "your program and its arguments, after --")
    .optionsGroup(groups.options)
    .option("--infra", "start only the databases")
    .option("--skip-migrations", "do not migrate")
    .option("--death", "delete the embedded databases with all their data");
  return { command: addGeneralOptions(command), run: runDev };
}

async function runDev(program: string[], options: DevFlags): Promise<number> {
  if (options.death === true) return deleteDatabases(options);
  const { dev } = await import("../../operations/dev.ts");
  const skipMigrations = options.skipMigrations === true || process.env.SKIP_MIGRATIONS === "true";
  const request = { infra: options.infra === true, skipMigrations, command: program };
  const context = await createContext(options);
  return exitCodeOf(await dev(context, request, await observerFor(program.length === 0)));
}

async function deleteDatabases(options: DevFlags): Promise<ExitCode> {
  const { deleteDevelopmentData } = await import("../../operations/dev.ts");
  const deleted = await deleteDevelopmentData(await createContext(options));
  await printText(
    deleted
      ? "Deleted the embedded databases and their data."
      : "There are no embedded databases to delete.",
  );
  return exitCode.done;
}

function exitCodeOf(result: DevResult): number {
  if (result.kind === "migrationsFailed") return exitCode.failed;
  // Ctrl-C is the usual way to stop dev.
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
      say(["", ...lines, ...(stays ? ["", "Running. Press Ctrl-C to stop."] : [])].join("\n")),
    schemas: (findings: readonly Finding[]) => {
      const text = findings.map(findingText).join("\n\n");
      if (text !== last) say(text === "" ? "\nEvery schema change has a migration." : `\n${text}`);
      last = text;
    },
    checkFailed: (error: unknown) => {
      last = "";
      const why = isFleetError(error) ? errorText(error) : `error: ${messageOf(error)}`;
      say(`\n${why}`);
    },
  };
}
