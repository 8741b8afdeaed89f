// Writes the build context of the base image into a folder: node_modules with this package, drizzle-orm and what they
// depend on, in the versions of package-lock.json, for Linux with glibc; and sbom.json, which lists them (CycloneDX).
// Needs dist/ (npm run build). Replaces an earlier context.
// Usage: node scripts/image-context.mjs <folder> [x64|arm64]
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = join(import.meta.dirname, "..");
const [to, cpu = process.arch] = process.argv.slice(2);
if (to === undefined) {
  console.error("Usage: node scripts/image-context.mjs <folder> [x64|arm64]");
  process.exit(2);
}
const folder = resolve(to);
const readJson = (name) => JSON.parse(readFileSync(join(root, name), "utf8"));
const npm = (cwd, ...args) => execFileSync("npm", args, { cwd, encoding: "utf8" });

// Root builds the folder, and another user reads the files of the image.
process.umask(0o022);
for (const name of ["node_modules", "package.json", "package-lock.json", "sbom.json"])
  rmSync(join(folder, name), { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

npm(root, "pack", "--silent", "--ignore-scripts", "--pack-destination", folder);
const archive = readdirSync(folder).find((name) => name.endsWith(".tgz"));
const { packages } = readJson("package-lock.json");
const versionOf = (name) => packages[`node_modules/${name}`].version;
const locked = Object.keys(packages)
  .filter((path) => /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path))
  .filter((path) => packages[path].version !== undefined && packages[path].dev !== true)
  .map((path) => path.slice("node_modules/".length));
const manifest = {
  name: "drizzle-fleet-image",
  version: readJson("package.json").version,
  private: true,
  dependencies: { "drizzle-fleet": `file:${archive}`, "drizzle-orm": versionOf("drizzle-orm") },
  // Without them, npm would install the newest versions, which no test has seen.
  overrides: Object.fromEntries(locked.map((name) => [name, versionOf(name)])),
};
writeFileSync(join(folder, "package.json"), JSON.stringify(manifest, null, 2));
// No install script runs: esbuild's would only replace a small launcher, which nothing here uses.
const options = ["--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
npm(folder, "install", ...options, "--os=linux", `--cpu=${cpu}`, "--libc=glibc");
const sbom = npm(folder, "sbom", "--sbom-format", "cyclonedx", "--omit", "dev");
writeFileSync(join(folder, "sbom.json"), sbom);
rmSync(join(folder, archive));

// Nothing in the image compiles against types or follows source maps: they are two fifths of the size.
const modules = join(folder, "node_modules");
for (const name of readdirSync(modules, { recursive: true }))
  if (/\.(map|d\.[cm]?ts)$/.test(name)) rmSync(join(modules, name));
console.log(`Wrote the build context of the base image, for ${cpu}: ${to}`);
