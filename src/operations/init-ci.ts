import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { findConfigFile } from "../config/find.ts";
import { FleetError } from "../core/errors.ts";
import { writeFiles } from "../source/write-files.ts";

/** A service that runs pipelines. */
export type CiProvider = "github" | "gitlab";

/** The file that was written. */
export interface CiFile {
  /** Its path, relative to the current folder. */
  readonly file: string;
  /** Its path, relative to the repository. */
  readonly inRepository: string;
}

/** How a project installs and starts its packages. */
interface Manager {
  readonly install: string;
  readonly run: string;
  /** The name of its cache in actions/setup-node. */
  readonly cache?: string;
  readonly needsCorepack?: boolean;
  readonly needsBun?: boolean;
}

const locks: readonly (readonly [string, Manager])[] = [
  ["package-lock.json", { install: "npm ci", run: "npx", cache: "npm" }],
  [
    "pnpm-lock.yaml",
    {
      install: "pnpm install --frozen-lockfile",
      run: "pnpm exec",
      cache: "pnpm",
      needsCorepack: true,
    },
  ],
  [
    "yarn.lock",
    { install: "yarn install --immutable", run: "yarn", cache: "yarn", needsCorepack: true },
  ],
  ["bun.lock", { install: "bun install --frozen-lockfile", run: "bunx", needsBun: true }],
  ["bun.lockb", { install: "bun install --frozen-lockfile", run: "bunx", needsBun: true }],
];

/** Without a lock file, `npm ci` would fail, and there is no version to cache. */
const withoutLock: Manager = { install: "npm install", run: "npx" };

const files: Readonly<Record<CiProvider, string>> = {
  github: ".github/workflows/drizzle-fleet.yml",
  gitlab: ".gitlab-ci.drizzle-fleet.yml",
};

/** A project in a repository: folders are relative to the repository, `.` for its root. */
interface Project {
  readonly folder: string;
  /** The folder of the lock file. */
  readonly installFolder: string;
  readonly lock: string | undefined;
  readonly manager: Manager;
  /** The command, with the --config that it needs. */
  readonly check: string;
}

/**
 * Writes a pipeline that runs `check` for every pull request. It is the user's own file: it is never replaced.
 *
 * @param path the configuration file; undefined to search for it
 * @throws FleetError `config` if there is no configuration, or if the file exists; `write` if it cannot be written
 */
export async function initCi(provider: CiProvider, path: string | undefined): Promise<CiFile> {
  const config = await findConfigFile(path);
  const repository = repositoryOf(dirname(config));
  const inRepository = files[provider];
  const target = join(repository, inRepository);
  const file = relative(process.cwd(), target);
  if (existsSync(target)) throw existingError(file);
  const project = await projectOf(config, repository);
  const text = provider === "github" ? githubWorkflow(project) : gitlabJob(project);
  await writeFiles([{ path: target, text, replaces: false }]);
  return { file, inRepository };
}

/** The root of the git repository, where these services read their files; the folder itself if there is none. */
function repositoryOf(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, ".git"))) return folder;
    if (dirname(folder) === folder) return start;
  }
}

async function projectOf(config: string, repository: string): Promise<Project> {
  const root = dirname(config);
  const inside = (folder: string) => relative(repository, folder).replaceAll("\\", "/") || ".";
  const isFound = /[\\/]drizzle\.config\.[cm]?[jt]s(on)?$/.test(config);
  const flag = isFound ? "" : ` --config ${shellQuoted(relative(root, config))}`;
  const found = nearestLock(root, repository);
  const folder = inside(root);
  if (found === undefined)
    return {
      ...{ folder, installFolder: folder, lock: undefined, manager: withoutLock },
      check: `npx drizzle-fleet check${flag}`,
    };
  const [lock, known] = found;
  const manager = await versionOf(lock, known);
  const check = [manager.run, "drizzle-fleet", `check${flag}`].join(" ");
  return { folder, installFolder: inside(dirname(lock)), lock: inside(lock), manager, check };
}

/** The lock file of the project, or that of the workspace that it belongs to. */
function nearestLock(start: string, repository: string): readonly [string, Manager] | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    for (const [name, manager] of locks)
      if (existsSync(join(folder, name))) return [join(folder, name), manager];
    if (folder === repository || dirname(folder) === folder) return undefined;
  }
}

/** Yarn 1 has another option than its successors. */
async function versionOf(lock: string, manager: Manager): Promise<Manager> {
  if (!lock.endsWith("yarn.lock")) return manager;
  const isFirst = (await readFile(lock, "utf8")).includes("# yarn lockfile v1");
  return isFirst
    ? { ...manager, install: "yarn install --frozen-lockfile", run: "yarn run" }
    : manager;
}

function githubWorkflow({ folder, installFolder, lock, manager, check }: Project): string {
  const cached = manager.cache !== undefined && lock !== undefined;
  const steps = [
    ["- uses: actions/checkout@v4"],
    // setup-node asks the package manager where its cache is.
    ...(manager.needsCorepack ? [["- run: corepack enable"]] : []),
    ...(manager.needsBun ? [["- uses: oven-sh/setup-bun@v2"]] : []),
    [
      "- uses: actions/setup-node@v4",
      "  with:",
      "    node-version: 22",
      ...(cached ? [`    cache: ${manager.cache}`] : []),
      ...(cached && installFolder !== "." ? [`    cache-dependency-path: ${quoted(lock)}`] : []),
    ],
    runStep(manager.install, installFolder),
    runStep(`${check} --format github`, folder),
  ];
  return `# npx drizzle-fleet init --ci github wrote this file, and will not change it.
name: drizzle-fleet
on:
  pull_request:
permissions:
  contents: read
concurrency:
  group: drizzle-fleet-\${{ github.ref }}
  cancel-in-progress: true
jobs:
  check:
    runs-on: ubuntu-latest
    timeout-minutes: 10
    steps:
${steps
  .flat()
  .map((line) => `      ${line}\n`)
  .join("")}`;
}

function runStep(command: string, folder: string): string[] {
  const where = folder === "." ? [] : [`  working-directory: ${quoted(folder)}`];
  return [`- run: ${quoted(command)}`, ...where];
}

function gitlabJob({ folder, installFolder, manager, check }: Project): string {
  const prepare = [
    ...(manager.needsCorepack ? ["corepack enable"] : []),
    ...(manager.needsBun ? ["npm install --global bun"] : []),
    `${enter(installFolder)}${manager.install}`,
  ];
  return `# npx drizzle-fleet init --ci gitlab wrote this file, and will not change it. To use it, add to .gitlab-ci.yml:
# include:
#   - local: ${files.gitlab}
drizzle-fleet:
  stage: test
  image: node:22
  timeout: 10 minutes
  interruptible: true
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  before_script:
${prepare.map((line) => `    - ${quoted(line)}\n`).join("")}  script:
    - ${quoted(enter(folder) + check)}
  # GitLab shows the report in the merge request.
  after_script:
    - ${quoted(`${enter(folder)}${check} --format gitlab > "$CI_PROJECT_DIR/gl-code-quality-report.json"`)}
  artifacts:
    when: always
    reports:
      codequality: gl-code-quality-report.json
`;
}

/** Every section of a job starts in a shell of its own, except that before_script and script share one. */
function enter(folder: string): string {
  return folder === "." ? "" : `cd "$CI_PROJECT_DIR"/${shellQuoted(folder)} && `;
}

/** A value of YAML: without quotes if they are not needed. */
function quoted(text: string): string {
  return /^[\w.][^#]*$/.test(text) && !/: |:$/.test(text) ? text : JSON.stringify(text);
}

function shellQuoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function existingError(file: string): FleetError {
  return new FleetError("config", "this file already exists", {
    where: file,
    remedy:
      "Nothing was written: init never replaces a pipeline. Move the file, or delete it. Then run the same command again.",
  });
}
