// Measures drizzle-fleet and what it is compared with side by side, each as a whole process, and prints tables in Markdown.
// docs/benchmarks.md explains each row. Needs dist/ (npm run build). Starts an embedded PostgreSQL of its own, or uses
// the superuser at BENCH_DATABASE_URL. Usage: npm run bench [-- [--quick] [--others]]
import { cpus } from "node:os";
import { onboardingRows } from "./bench/onboarding.mjs";
import { openOthers } from "./bench/others.mjs";
import { openPlace } from "./bench/place.mjs";
import { findNothing, rollOut } from "./bench/rollouts.mjs";
import { startRows } from "./bench/starts.mjs";
import { megabytes, table, withSpread } from "./bench/table.mjs";

const quick = process.argv.includes("--quick");
const connections = 4;
const rounds = quick ? 1 : 5;
/** For what takes long. */
const fewRounds = Math.min(rounds, 3);
const [some, many, most] = quick ? [100, 300, 1_000] : [1_000, 10_000, 50_000];

const { notes, ...others } = openOthers(process.argv.includes("--others"));
for (const note of notes) console.log(`${note}\n`);
const place = await openPlace();
try {
  const [cpu] = cpus();
  const versions = `Node.js ${process.versions.node}, PostgreSQL ${place.version}`;
  console.log(
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} x ${cpu.model.trim()}, ${versions}, ${place.files}, ${connections} connections, up to ${rounds} rounds: median (least-most)\n`,
  );
  const rolledOut = await printRollouts();
  const idle = await printIdle();
  print(
    ["memory of drizzle-fleet", "largest resident memory"],
    [
      [`${many} targets, a column and an index`, withSpread(rolledOut, megabytes)],
      [`${most} targets, nothing to do`, withSpread(idle, megabytes)],
    ],
  );
  print(
    [
      ...["onboarding", "from the baseline", "by replaying", "ratio"],
      ...["tenants add, whole process", "its DDL in one message, whole process", "ratio"],
    ],
    await onboardingRows(place, rounds),
  );
  print(
    ["start", "elapsed", "compared with", "elapsed", "ratio"],
    await startRows(place, rounds * 3),
  );
} finally {
  await place.close();
}

/** Returns the memory of the largest rollout. */
async function printRollouts() {
  const shared = { connections, rounds, count: some, others };
  // One connection for each tenant: drizzle-multitenant would take minutes for each round with many tenants.
  const withoutSlow = { ...others, multitenant: undefined };
  const all = [
    await rollOut(place, { ...shared, tables: 12 }),
    await rollOut(place, { ...shared, tables: 1, delayed: true }),
    await rollOut(place, { ...shared, tables: 1 }),
    await rollOut(place, {
      ...shared,
      ...{ count: many, tables: 1, rounds: fewRounds, others: withoutSlow },
    }),
  ];
  print(
    [
      ...["tenants per second", "drizzle-fleet", "pipeline", "one message per tenant"],
      ...["statement by statement", "drizzle-orm's migrator", "drizzle-multitenant", "Alembic"],
      ...["of the pipeline", "times statement by statement", "times the migrator"],
      ...["times drizzle-multitenant", "times Alembic"],
    ],
    all.flatMap(({ rows }) => rows),
  );
  return all.at(-1).memory;
}

/** Returns the memory for the largest fleet. */
async function printIdle() {
  const all = [
    await findNothing(place, { connections, rounds, count: some }),
    await findNothing(place, { connections, rounds, count: many }),
    await findNothing(place, { connections, rounds: fewRounds, count: most }),
  ];
  print(
    ["finding nothing to do", "elapsed", "own CPU", "memory", "reading every ledger", "ratio"],
    all.map(({ row }) => row),
  );
  return all.at(-1).memory;
}

function print(header, rows) {
  console.log(`${table(header, rows)}\n`);
}
