// Prints how long it takes to make a history of 300 migrations tenant-neutral, compared with parsing it. The history is
// that of the example platform (schema changes, types, foreign keys, functions, data), repeated under other names.
// Needs dist/ (npm run build). Usage: node scripts/bench-neutralize.mjs
import { readdirSync, readFileSync } from "node:fs";
import { loadParser, parse } from "../dist/sql/parser.js";
import { readStatements } from "../dist/sql/read-statements.js";

const folder = new URL("../drizzle/", import.meta.url);
const files = readdirSync(folder).flatMap((service) =>
  readdirSync(new URL(`${service}/`, folder))
    .filter((name) => name.endsWith(".sql"))
    .map((name) => readFileSync(new URL(`${service}/${name}`, folder), "utf8")),
);
const history = Array.from({ length: 300 }, (_, index) =>
  files[index % files.length].replaceAll("users", `users_${index}`),
);

const startedAt = performance.now();
await loadParser();
const start = performance.now() - startedAt;

/** Reads the complete history and returns the number of its statements. */
function neutralizeAll() {
  const problems = [];
  const read = (text, index) =>
    readStatements(`${index}.sql`, text, { sharedSchemas: [] }, problems).statements.length;
  const statements = history.reduce((sum, text, index) => sum + read(text, index), 0);
  if (problems.length > 0) throw problems[0];
  return statements;
}

/** Only parses the same texts, once, and returns the number of statements. */
function parseAll() {
  const chunks = history
    .flatMap((text) => text.split("--> statement-breakpoint"))
    .filter((text) => text.trim() !== "");
  return chunks.reduce((sum, text) => sum + parse(text).length, 0);
}

function measure(name, run) {
  const from = performance.now();
  const statements = run();
  const ms = performance.now() - from;
  return { name, statements, ms };
}

const rounds = Array.from({ length: 7 }, () => [
  measure("bare parser", parseAll),
  measure("neutralized", neutralizeAll),
]);
console.log(`loading the parser: ${start.toFixed(0)} ms`);
for (const which of [0, 1]) {
  const best = rounds
    .map((round) => round[which])
    .reduce((left, right) => (left.ms < right.ms ? left : right));
  const perThousand = (best.ms / best.statements) * 1000;
  const rate = Math.round((best.statements / best.ms) * 1000);
  console.log(
    `${best.name}: ${best.statements} statements, ${rate} statements/s, ${perThousand.toFixed(0)} ms per 1,000`,
  );
}
const [cold] = rounds;
const [bare, neutral] = cold.map(({ ms, statements }) => ((ms / statements) * 1000).toFixed(0));
console.log(`first round: bare parser ${bare} ms, then neutralized ${neutral} ms per 1,000`);
