// Prints how long `--help` takes, compared with `node -e 0`. Needs dist/ (npm run build).
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const rounds = 15;

function measure(args) {
  const startedAt = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: "ignore" });
  if (status !== 0) throw new Error(`node ${args.join(" ")} ended with ${status}`);
  return performance.now() - startedAt;
}

const cases = { "node -e 0": ["-e", "0"], "drizzle-fleet --help": [main, "--help"] };
const times = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
for (let round = 0; round < rounds; round += 1) {
  for (const [name, args] of Object.entries(cases)) times[name].push(measure(args));
}
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const [bare, help] = Object.keys(cases).map((name) => median(times[name]));
console.log(`node -e 0            ${bare.toFixed(0)} ms`);
console.log(
  `drizzle-fleet --help ${help.toFixed(0)} ms, ${(help / bare).toFixed(2)} times a bare Node.js`,
);
