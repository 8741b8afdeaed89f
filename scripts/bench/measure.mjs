import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const meter = new URL("meter.mjs", import.meta.url).href;

/** The built command line. */
export const tool = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/**
 * Runs a program to its end.
 *
 * @returns the elapsed time in milliseconds
 */
export async function runProgram(program, args, { cwd, environment = {} } = {}) {
  const startedAt = performance.now();
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, NO_COLOR: "1", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [output, [status]] = await Promise.all([
    Promise.all([text(child.stdout), text(child.stderr)]),
    once(child, "close"),
  ]);
  const elapsedMs = performance.now() - startedAt;
  if (status !== 0) {
    // Options in JSON contain a password.
    const shown = args.filter((arg) => !arg.startsWith("{"));
    throw new Error(`${program} ${shown.join(" ")} ended with ${status}: ${output.join("")}`);
  }
  return { elapsedMs };
}

/**
 * Runs Node.js with a program to its end, as a whole process.
 *
 * @param metered false: do not load the meter, which takes some milliseconds
 * @returns the elapsed time and its own CPU time in milliseconds, and its largest resident memory in MB
 */
export async function runNode(args, { cwd, environment = {}, metered = true } = {}) {
  if (!metered) return runProgram(process.execPath, args, { cwd, environment });
  const folder = mkdtempSync(join(tmpdir(), "drizzle-fleet-meter-"));
  const file = join(folder, "used.json");
  try {
    const { elapsedMs } = await runProgram(process.execPath, ["--import", meter, ...args], {
      cwd,
      environment: { BENCH_METER: file, ...environment },
    });
    return { elapsedMs, ...JSON.parse(readFileSync(file, "utf8")) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Runs several ways of doing the same work in turns, so that a neighbor's load hits all of them.
 *
 * @param ways functions by name; each is called with the round, from 0, and returns what `runNode` returns
 * @returns the results by name, one for each round
 */
export async function inTurns(rounds, ways) {
  const results = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const [name, run] of Object.entries(ways)) results[name].push(await run(round));
  return results;
}

/** The median of a field, with the smallest and the largest value. */
export function spreadOf(results, field) {
  const values = results.map((one) => one[field]).sort((one, other) => one - other);
  return { median: values[Math.floor(values.length / 2)], least: values[0], most: values.at(-1) };
}
