// Checks the files that git tracks in the current folder for what must not be published: characters that reorder text,
// environment files, secrets, and tests that do not run. `npm run layers` refuses circular imports; this script checks
// that its rule is still there. Exits with code 1 if it finds something.
// Usage: node scripts/guards.mjs
import { execFileSync } from "node:child_process";
import { lstatSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { secretsIn } from "./guards/secrets.mjs";
import { skippedTestsIn } from "./guards/skipped-tests.mjs";

/** Tests that run only under a condition, by file. No other test may be skipped. */
const conditionalTests = {
  // Virtual columns need PostgreSQL 18.
  "tests/integration/dump.test.ts": 1,
  // Mounting a small disk needs root.
  "tests/integration/tenant-copies-disturbed.test.ts": 1,
};

const tracked = execFileSync("git", ["ls-files", "-z"], { encoding: "utf8", maxBuffer: 2 ** 28 })
  .split("\0")
  .filter((file) => file !== "" && lstatSync(file, { throwIfNoEntry: false })?.isFile() === true);

/** The text of the tracked files, without binary ones. */
const texts = tracked.flatMap((file) => {
  const text = readFileSync(file, "utf8");
  return text.includes("\0") ? [] : [{ file, text }];
});

/** Marks and overrides that change the order in which text is shown: "Trojan Source", CVE-2021-42574. */
const controls = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

function controlsIn({ file, text }) {
  return [...text.matchAll(controls)].map(({ 0: character, index }) => {
    const line = text.slice(0, index).split("\n").length;
    return `${file}:${line}: U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  });
}

function isEnvironmentFile(file) {
  const name = basename(file);
  return /^\.env(\..+)?$|\.env$/.test(name) && name !== ".env.example";
}

async function missingRules() {
  const { default: config } = await import("../.dependency-cruiser.mjs");
  const isGuard = ({ severity, from, to }) =>
    severity === "error" && to.circular === true && Object.keys(from).length === 0;
  return config.forbidden.some(isGuard) ? [] : [".dependency-cruiser.mjs: no rule refuses them"];
}

function skippedIn({ file, text }) {
  const found = skippedTestsIn(file, text);
  return found.length > (conditionalTests[file] ?? 0) ? found : [];
}

const guards = [
  {
    name: "bidirectional control characters",
    found: texts.flatMap(controlsIn),
    remedy: "Write the character as an escape, such as \\u202e.",
  },
  {
    name: "tracked environment files",
    found: tracked.filter(isEnvironmentFile),
    remedy: "To stop tracking a file, run: git rm --cached <file>",
  },
  {
    name: "secrets",
    found: await secretsIn(texts.map(({ file }) => file)),
    remedy: "Revoke what was published. Add passwords of tests to .secretlintrc.json.",
  },
  {
    name: "skipped tests",
    found: texts.flatMap(skippedIn),
    remedy: "Run the test, or delete it.",
  },
  { name: "circular imports", found: await missingRules(), remedy: "Add the rule again." },
];

for (const { name, found, remedy } of guards) {
  console.log(`${name}: ${found.length === 0 ? "none" : found.length}`);
  for (const one of found) console.error(`  ${one}`);
  if (found.length > 0) console.error(`  -> ${remedy}`);
}
if (guards.some(({ found }) => found.length > 0)) process.exitCode = 1;
