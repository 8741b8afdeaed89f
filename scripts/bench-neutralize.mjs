// Prints what it costs to make a history of 300 migrations tenant-neutral. Needs dist/ (npm run build).
// The history is the platform's own (schema changes, types, foreign keys, functions, data), repeated under other names.
import { readdirSync, readFileSync } from "node:fs";
import { loadParser } from "../dist/sql/parser.js";
import { readStatements } from "../dist/sql/read-statements.js";

const folder = new URL("../drizzle/", import.meta.url);
const files = readdirSync(folder).flatMap((service) =>
  readdirSync(new URL(`${service}/`, folder))
    .filter((name) => name.endsWith(".sql"))
    .map((name) => readFileSync(new URL(`${service}/${name}`, folder), "utf8")),
);
const history = Array.from({ length: 300 }, (_, index) => files[index % files.length].replaceAll("users", `users_${index}`));

const startedAt = performance.now();
await loadParser();
const start = performance.now() - startedAt;

const rounds = Array.from({ length: 5 }, () => {
  const problems = [];
  const from = performance.now();
  const statements = history.reduce(
    (sum, text, index) => sum + readStatements(`${index}.sql`, text, { sharedSchemas: [] }, problems).statements.length,
    0,
  );
  if (problems.length > 0) throw problems[0];
  return { statements, ms: performance.now() - from };
});
const [first] = rounds;
const best = rounds.reduce((left, right) => (left.ms < right.ms ? left : right));
const line = (name, { statements, ms }) =>
  `${name}: ${statements} statements in ${ms.toFixed(0)} ms, ${Math.round((statements / ms) * 1000)} statements/s, ${((ms / statements) * 1000).toFixed(0)} ms per 1,000`;
console.log(`parser's start: ${start.toFixed(0)} ms`);
console.log(line("first round, cold", first));
console.log(line("best of five    ", best));
