import { fileURLToPath } from "node:url";
import { inTurns, runNode, spreadOf, tool } from "./measure.mjs";
import { milliseconds, times, withSpread } from "./table.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const kit = fileURLToPath(new URL("../../node_modules/drizzle-kit/bin.cjs", import.meta.url));

/** Commands in this repository's own fleet, each compared with what it cannot be faster than. */
export async function startRows(place, rounds) {
  const few = Math.ceil(rounds / 3);
  const node = ["node -e 0", ["-e", "0"]];
  const [platform, ingestion] = [await place.database(), await place.database()];
  const environment = { DATABASE_URI: platform.url, DATABASE_URL: ingestion.url };
  const targets = "three services, three tenants";
  // Creates what the following commands find complete.
  await runNode([tool, "migrate"], { cwd: root, environment });
  const rows = [
    await compared(rounds, ["--help", [tool, "--help"]], node),
    await compared(few, [`status, ${targets}`, [tool, "status"], environment], node),
    await compared(
      few,
      [`migrate, nothing to do, ${targets}`, [tool, "migrate"], environment],
      node,
    ),
    await compared(
      few,
      ["check, three services", [tool, "check"]],
      ["drizzle-kit generate, one service", [kit, "generate"], { SERVICE: "auth" }],
    ),
  ];
  for (const database of [platform, ingestion]) await database.drop();
  return rows;
}

async function compared(rounds, [ourName, ours, own], [baseName, base, other]) {
  const results = await inTurns(rounds, {
    ours: () => runNode(ours, { cwd: root, environment: own, metered: false }),
    base: () => runNode(base, { cwd: root, environment: other, metered: false }),
  });
  const [measured, floor] = ["ours", "base"].map((name) => spreadOf(results[name], "elapsedMs"));
  return [
    ourName,
    withSpread(measured, milliseconds),
    baseName,
    withSpread(floor, milliseconds),
    times(measured.median / floor.median),
  ];
}
