// Prints how long `check` takes for the three services when it finds nothing, compared with one `drizzle-kit generate`
// for one of them. Needs dist/ (npm run build). Usage: node scripts/bench-check.mjs [rounds]
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const kit = fileURLToPath(new URL("../node_modules/drizzle-kit/bin.cjs", import.meta.url));
const rounds = Number(process.argv[2] ?? 9);

function measure(args) {
  const startedAt = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, SERVICE: "auth" },
  });
  if (status !== 0) throw new Error(`node ${args.join(" ")} ended with ${status}: ${stderr}`);
  return performance.now() - startedAt;
}

const cases = {
  "drizzle-kit generate, service auth": [kit, "generate"],
  "drizzle-fleet check, three services": [main, "check"],
};
const times = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
for (let round = 0; round < rounds; round += 1) {
  for (const [name, args] of Object.entries(cases)) times[name].push(measure(args));
}
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const [bare, ours] = Object.keys(cases).map((name) => median(times[name]));
for (const name of Object.keys(cases))
  console.log(`${name.padEnd(37)} ${median(times[name]).toFixed(0)} ms`);
console.log(`check takes ${(ours / bare).toFixed(2)} times as long as one drizzle-kit generate`);
