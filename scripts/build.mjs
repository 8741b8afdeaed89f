// Builds dist/ from src/, and deletes files from dist/ whose source no longer exists.
// Usage: node scripts/build.mjs [--if-stale]   (--if-stale: only if src/ has changed since the last build)
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { bundleCommandLine, isPart } from "./bundle.mjs";
import { writeCommonJsTypes } from "./commonjs-types.mjs";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");
const stamp = join(dist, ".tsbuildinfo");
const settings = [
  ...["tsconfig.json", "tsconfig.build.json", "package.json"],
  ...["scripts/build.mjs", "scripts/bundle.mjs"],
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
  ? filesIn(dist).filter((file) => file !== stamp && !isPart(basename(file)))
  : [];
const orphans = built.filter((file) => !wanted.has(file.replace(/\.(js|d\.c?ts)(\.map)?$/, "")));

function isStale() {
  if (!existsSync(stamp) || orphans.length > 0) return true;
  const builtAt = statSync(stamp).mtimeMs;
  const inputs = [...sources, ...settings.map((name) => join(root, name))];
  if (inputs.some((file) => statSync(file).mtimeMs > builtAt)) return true;
  return [...wanted].some((file) => !existsSync(`${file}.js`));
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
  await writeCommonJsTypes(dist);
  await bundleCommandLine(root);
  // A file that is saved while the compiler runs must count as newer than the build.
  utimesSync(stamp, startedAt, startedAt);
}
