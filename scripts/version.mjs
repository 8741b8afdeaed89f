// Turns the changesets into the next version: of package.json, package-lock.json and CHANGELOG.md.
// Usage: npm run version
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const changes = join(root, "CHANGELOG.md");
const run = (program, ...args) => execFileSync(program, args, { cwd: root, stdio: "inherit" });

/** The title and the text before the first version. */
function introductionOf(text) {
  const start = text.indexOf("\n## ") + 1;
  if (start === 0) throw new Error("CHANGELOG.md has no version");
  return text.slice(0, start);
}

const before = readFileSync(changes, "utf8");
const introduction = introductionOf(before);
run(process.execPath, join(import.meta.dirname, "changeset.mjs"), "version");
// changesets inserts the new version after the title, which is above the introduction.
const [title = ""] = introduction.split("\n");
const versions = readFileSync(changes, "utf8")
  .slice(title.length)
  .replace(introduction.slice(title.length).trim(), () => "")
  .replace(/\n{3,}/g, "\n\n");
writeFileSync(changes, `${introduction}${versions.trimStart()}`);
run("npm", "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund");
