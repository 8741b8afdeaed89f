// Measures drizzle-fleet and what it is compared with side by side, each as a whole process, and prints tables in Markdown.
// docs/benchmarks.md explains each row. Needs dist/ (npm run build). Starts an embedded PostgreSQL of its own, or uses
// the superuser at BENCH_DATABASE_URL. Usage: npm run bench [-- --quick]
import { cpus } from "node:os";
import { onboardingRows } from "./bench/onboarding.mjs";
import { openPlace } from "./bench/place.mjs";
import { idleRows, rolloutRows } from "./bench/rollouts.mjs";
import { startRows } from "./bench/starts.mjs";
import { table } from "./bench/table.mjs";

const quick = process.argv.includes("--quick");
const connections = 4;
const rounds = quick ? 1 : 5;
const some = quick ? 100 : 1_000;
const many = quick ? 300 : 10_000;

const place = await openPlace();
try {
  const [cpu] = cpus();
  console.log(
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} x ${cpu.model.trim()}, Node.js ${process.versions.node}, PostgreSQL ${place.version}, ${place.files}, ${connections} connections, up to ${rounds} rounds: median (least-most)\n`,
  );
  const shared = { rounds, connections };
  const rollouts = [
    ...(await rolloutRows(place, { ...shared, count: some, tables: 12 })),
    ...(await rolloutRows(place, { ...shared, count: some, tables: 1, delayed: true })),
    ...(await rolloutRows(place, { ...shared, count: some, tables: 1 })),
    ...(await rolloutRows(place, {
      ...shared,
      count: many,
      tables: 1,
      rounds: Math.min(rounds, 3),
    })),
  ];
  print(
    [
      ...["tenants per second", "drizzle-fleet", "pipeline", "one message per tenant"],
      ...["statement by statement", "drizzle-orm's migrator", "of the pipeline"],
      ...["times statement by statement", "times the migrator"],
    ],
    rollouts,
  );
  print(
    ["finding nothing to do", "elapsed", "own CPU", "memory", "reading every ledger", "ratio"],
    await idleRows(place, { ...shared, counts: [some, many] }),
  );
  print(
    ["onboarding", "from the baseline", "by replaying", "ratio"],
    await onboardingRows(place, rounds),
  );
  print(["start", "elapsed", "compared with", "elapsed", "ratio"], await startRows(rounds * 3));
} finally {
  await place.close();
}

function print(header, rows) {
  console.log(`${table(header, rows)}\n`);
}
