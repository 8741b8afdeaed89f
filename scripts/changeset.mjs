// Runs changesets for this package. By itself, it handles only the workspaces of a repository that has some, and those
// here are for tests: the package is at the root.
// Usage: npm run changeset [-- status | version | publish]
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const dir = join(import.meta.dirname, "..");
const require = createRequire(createRequire(import.meta.url).resolve("@changesets/cli"));
require("@manypkg/get-packages").getPackages = async () => {
  const root = { dir, packageJson: JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) };
  return { tool: "root", root, packages: [root] };
};
require("@changesets/cli");
