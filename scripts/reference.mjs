// Writes the pages of docs/reference that are generated from the code. Needs dist/ (npm run build).
// Usage: node scripts/reference.mjs [--check]   (--check: write nothing; exit with code 1 if a page is out of date)
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as codes from "../dist/cli/exit-codes.js";
import { environmentVariables } from "../dist/cli/help/environment.js";
import { programOf } from "../dist/cli/program.js";
import { allowRules } from "../dist/lint/allow.js";
import { rules } from "../dist/lint/rules/index.js";
import { commandLinePage } from "./reference/cli.mjs";
import { environmentPage, exitCodesPage } from "./reference/codes.mjs";
import { configurationPage } from "./reference/configuration.mjs";
import { jsonPage } from "./reference/json.mjs";
import { lintRulesPage } from "./reference/lint-rules.mjs";

const folder = join(import.meta.dirname, "../docs/reference");
const program = programOf(async () => {});

const pages = {
  "cli.md": commandLinePage(program),
  "configuration.md": configurationPage(),
  "environment.md": environmentPage({ environmentVariables }),
  "exit-codes.md": exitCodesPage(codes),
  "json.md": jsonPage(program),
  "lint-rules.md": lintRulesPage(rules, allowRules),
};

function current(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

const stale = Object.keys(pages).filter((name) => current(join(folder, name)) !== pages[name]);
if (process.argv.includes("--check")) {
  for (const name of stale)
    console.error(`docs/reference/${name} is out of date. To write it, run: npm run reference`);
  if (stale.length > 0) process.exitCode = 1;
} else for (const name of stale) writeFileSync(join(folder, name), pages[name]);
