// Builds dist/ from src/, and deletes files from dist/ whose source no longer exists.
// Usage: node scripts/build.mjs [--if-stale]   (--if-stale: only if src/ has changed since the last build)
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, relative } from "node:path";
import { bundleCommandLine, isPart } from "./bundle.mjs";
import { writeCommonJsTypes } from "./commonjs-types.mjs";
import { reachableFiles } from "./reachable.mjs";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");
const stamp = join(dist, ".tsbuildinfo");
const unpacked = join(dist, ".npmignore");
const settings = [
  ...["tsconfig.json", "tsconfig.build.json", "package.json"],
  ...["scripts/build.mjs", "scripts/bundle.mjs", "scripts/reachable.mjs"],
];

const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const sources = filesIn(join(root, "src"));
const wanted = new Set(
  sources.map((file) => file.replace(join(root, "src"), dist).replace(/\.ts$/, "")),
);
const built = existsSync(dist)
  ? filesIn(dist).filter((file) => file !== stamp && file !== unpacked && !isPart(basename(file)))
  : [];
const orphans = built.filter((file) => !wanted.has(file.replace(/\.(js|d\.c?ts)(\.map)?$/, "")));

function isStale() {
  if (!existsSync(stamp) || orphans.length > 0) return true;
  const builtAt = statSync(stamp).mtimeMs;
  const inputs = [...sources, ...settings.map((name) => join(root, name))];
  if (inputs.some((file) => statSync(file).mtimeMs > builtAt)) return true;
  return !existsSync(unpacked) || [...wanted].some((file) => !existsSync(`${file}.js`));
}

/**
 * Leaves out of the package what only this repository uses: modules that the bundle replaces, types that no export
 * mentions, and source maps, whose sources are not in the package.
 */
async function ignoreUnreachable() {
  const { scripts, declarations } = await reachableFiles(root);
  const packed = new Set([...scripts, ...declarations].map((path) => join(root, path)));
  const others = filesIn(dist).filter((file) => /\.(js|d\.c?ts)$/.test(file) && !packed.has(file));
  const lines = others.map((file) => `/${relative(dist, file)}`).sort();
  writeFileSync(
    unpacked,
    ["# scripts/build.mjs wrote this file.", "*.map", ...lines, ""].join("\n"),
  );
}

if (!process.argv.includes("--if-stale") || isStale()) {
  // The compiler emits only what changed since the last build. If a file is missing, a complete build is needed.
  if ([...wanted].some((file) => !existsSync(`${file}.js`))) rmSync(stamp, { force: true });
  for (const file of orphans) rmSync(file);
  const startedAt = new Date();
  const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  execFileSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], {
    cwd: root,
    stdio: "inherit",
  });
  writeCommonJsTypes(dist);
  await bundleCommandLine(root);
  await ignoreUnreachable();
  // A file that is saved while the compiler runs must count as newer than the build.
  utimesSync(stamp, startedAt, startedAt);
}
