// Turns the changesets into the next version: of package.json, package-lock.json, CHANGELOG.md and the Helm chart.
// Usage: npm run version
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const changes = join(root, "CHANGELOG.md");

/** The title and the text before the first version. */
function introductionOf(text) {
  const start = text.indexOf("\n## ") + 1;
  if (start === 0) throw new Error("CHANGELOG.md has no version");
  return text.slice(0, start);
}

const before = readFileSync(changes, "utf8");
const introduction = introductionOf(before);
const changesets = join(import.meta.dirname, "changeset.mjs");
execFileSync(process.execPath, [changesets, "version"], { cwd: root, stdio: "inherit" });
// changesets inserts the new version after the title, which is above the introduction.
const [title = ""] = introduction.split("\n");
const versions = readFileSync(changes, "utf8")
  .slice(title.length)
  .replace(introduction.slice(title.length).trim(), () => "")
  .replace(/^ +$/gm, "")
  .replace(/^(#.*)\n+/gm, "$1\n\n")
  .replace(/\n{3,}/g, "\n\n");
writeFileSync(changes, `${introduction}${versions.trimStart()}`);

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const locked = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
locked.version = version;
locked.packages[""].version = version;
writeFileSync(join(root, "package-lock.json"), `${JSON.stringify(locked, null, 2)}\n`);

const chart = join(root, "helm/drizzle-fleet/Chart.yaml");
const described = readFileSync(chart, "utf8");
writeFileSync(chart, described.replace(/^((?:appV|v)ersion:).*$/gm, `$1 "${version}"`));
