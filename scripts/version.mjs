// Turns the changesets into the next version: of package.json, package-lock.json and CHANGELOG.md.
// Usage: npm run version
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const path = join(root, "CHANGELOG.md");
const run = (program, ...args) => execFileSync(program, args, { cwd: root, stdio: "inherit" });

const [introduction = ""] = /(?<=^# .*\n)[^]*?(?=^## )/m.exec(readFileSync(path, "utf8")) ?? [];
run("npx", "--no-install", "changeset", "version");
// changesets inserts the new version after the title, so above the introduction.
const [title, ...rest] = readFileSync(path, "utf8").split("\n");
const versions = rest.join("\n").replace(introduction.trimStart(), () => "");
writeFileSync(path, `${title}\n${introduction}${versions.trimStart()}`);
run("npm", "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund");
