// Checks the package as npm would publish it: publint reads its manifest and files, and @arethetypeswrong/cli resolves
// its types as TypeScript does in ECMAScript and CommonJS projects. Needs dist/ (npm run build).
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "drizzle-fleet-package-"));
const run = (program, ...args) => execFileSync(program, args, { cwd: root, stdio: "inherit" });
try {
  run("npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder);
  const [archive] = readdirSync(folder);
  run("npx", "--no-install", "publint", "--strict", join(folder, archive));
  // node10, the oldest module resolution, does not read "exports". CommonJS projects load ECMAScript modules with
  // require, which Node.js supports since 20.19, and get their own types.
  const intended = ["cjs-resolves-to-esm", "false-cjs"];
  const options = [
    "--profile",
    "node16",
    "--ignore-rules",
    ...intended,
    "--format",
    "table-flipped",
  ];
  run("npx", "--no-install", "attw", join(folder, archive), ...options);
} finally {
  rmSync(folder, { recursive: true });
}
