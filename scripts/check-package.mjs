// Checks the package as npm would publish it: its files and its size; publint reads its manifest and files, and
// @arethetypeswrong/cli resolves its types as TypeScript does in ECMAScript and CommonJS projects. Needs dist/
// (npm run build).
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reachableFiles } from "./reachable.mjs";

const mostKilobytes = 1_700;

const rooms = readdirSync(join(import.meta.dirname, "../src"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "cli")
  .map(({ name }) => name);

/** Every file of the package matches one of these. */
const expected = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
  /^docs\/([\w-]+\/)*[\w-]+\.md$/,
  /^docs\/schemas\/[\w-]+\.json$/,
  /^dist\/index\.(js|d\.c?ts)$/,
  new RegExp(String.raw`^dist/(${rooms.join("|")})/([\w-]+/)*[\w-]+\.(js|d\.c?ts)$`),
  /^dist\/cli\/(bin|main|part-[A-Z0-9]+)\.js$/,
  /^dist\/cli\/LICENSES\.txt$/,
];

/** At least one file matches each of these. */
const required = [...expected, /^README\.md$/, /^LICENSE$/, /^CHANGELOG\.md$/];

/** What is wrong with the files of the package, one line each. */
async function problemsOf({ size, files }, folder) {
  const paths = files.map(({ path }) => path);
  const { scripts, declarations, packages } = await reachableFiles(folder);
  const reached = new Set([...scripts, ...declarations]);
  const isCode = (path) => /^dist\/.*\.(js|d\.c?ts)$/.test(path);
  const { dependencies, peerDependencies } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  const known = { ...dependencies, ...peerDependencies };
  const kilobytes = Math.ceil(size / 1_000);
  return [
    ...paths
      .filter((path) => !expected.some((pattern) => pattern.test(path)))
      .map((path) => `${path} does not belong in the package`),
    ...required
      .filter((pattern) => !paths.some((path) => pattern.test(path)))
      .map((pattern) => `no file matches ${pattern.source}`),
    ...paths
      .filter((path) => isCode(path) && !reached.has(path))
      .map((path) => `nothing imports ${path}`),
    ...[...reached]
      .filter((path) => !paths.includes(path))
      .map((path) => `${path} is imported and missing`),
    ...packages
      .filter((name) => !(name in known))
      .map((name) => `${name} is imported and not a dependency`),
    ...(kilobytes > mostKilobytes
      ? [`the package has ${kilobytes} kB, and the limit is ${mostKilobytes} kB`]
      : []),
  ];
}

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "drizzle-fleet-package-"));
const run = (program, ...args) => execFileSync(program, args, { cwd: root, stdio: "inherit" });
try {
  const options = ["--json", "--ignore-scripts", "--pack-destination", folder];
  const [packed] = JSON.parse(execFileSync("npm", ["pack", ...options], { cwd: root }));
  const archive = join(folder, packed.filename);
  const unpacked = join(folder, "unpacked");
  mkdirSync(unpacked);
  execFileSync("tar", ["xzf", archive, "--strip-components=1", "-C", unpacked]);
  const problems = await problemsOf(packed, unpacked);
  console.log(`${packed.files.length} files, ${Math.ceil(packed.size / 1_000)} kB packed`);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  run("npx", "--no-install", "publint", "--strict", archive);
  // node10, the oldest module resolution, does not read "exports". CommonJS projects load ECMAScript modules with
  // require, which Node.js supports since 20.19, and get their own types.
  const intended = ["cjs-resolves-to-esm", "false-cjs"];
  const attw = ["--profile", "node16", "--ignore-rules", ...intended, "--format", "table-flipped"];
  run("npx", "--no-install", "attw", archive, ...attw);
} finally {
  rmSync(folder, { recursive: true });
}
