import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type CliResult, ended } from "./cli.ts";
import type { TestDatabase } from "./database.ts";
import { createFolder } from "./fleet.ts";
import { requireProgram } from "./programs.ts";

/** Starts psql with a file, with the options that the file's first lines give. The end of the test kills it. */
export function startPsql(
  database: TestDatabase,
  file: string,
  more: readonly string[] = [],
): ChildProcess {
  requireProgram("psql");
  const always = ["-X", "-v", "ON_ERROR_STOP=1", "-d", database.url];
  const child = spawn("psql", [...always, ...more, "-f", file], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** Runs a file with psql and waits until it ends. */
export async function runPsql(
  database: TestDatabase,
  file: string,
  more: readonly string[] = [],
): Promise<CliResult> {
  return ended(startPsql(database, file, more));
}

/** Writes a script to a file, which is removed after the test. */
export async function scriptFile(text: string): Promise<string> {
  return join(await createFolder({ "script.sql": text }), "script.sql");
}
