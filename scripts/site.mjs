// Builds the documentation site into docs/.vitepress/dist, without warnings and without dead links. Needs dist/.
// Usage: node scripts/site.mjs [--dev]   (--dev: serve the site on this machine, and show changes at once)
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { writeApiPages } from "./site/api.mjs";
import { deadLinks } from "./site/links.mjs";

const root = join(import.meta.dirname, "..");
const site = join(root, "docs/.vitepress/dist");
const require = createRequire(import.meta.url);
const vitepress = join(dirname(require.resolve("vitepress/package.json")), "bin/vitepress.js");

/** Runs VitePress, and returns its exit code and everything that it wrote. */
function runVitePress(...args) {
  const child = spawn(process.execPath, [vitepress, ...args], {
    cwd: root,
    stdio: ["inherit", "pipe", "pipe"],
  });
  let output = "";
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ])
    from.on("data", (chunk) => {
      output += chunk;
      to.write(chunk);
    });
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ code, output }));
  });
}

async function build() {
  const { code, output } = await runVitePress("build", "docs");
  if (code !== 0) return ["The site could not be built."];
  const warnings = output
    .split("\n")
    .filter((line) => /\(!\)|\bwarn(ing)?\b|\bdeprecated\b/i.test(line));
  const dead = await deadLinks(site, process.env.DOCS_BASE ?? "/");
  return [
    ...warnings.map((line) => `Warning: ${line.trim()}`),
    ...dead.map((link) => `Dead link: ${link}`),
  ];
}

await writeApiPages(root);
if (process.argv.includes("--dev")) await runVitePress("dev", "docs");
else {
  const problems = await build();
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}
