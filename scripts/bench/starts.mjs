import { fileURLToPath } from "node:url";
import { inTurns, runNode, spreadOf, tool } from "./measure.mjs";
import { milliseconds, times, withSpread } from "./table.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const kit = fileURLToPath(new URL("../../node_modules/drizzle-kit/bin.cjs", import.meta.url));

/** Commands that need no server, each compared with what it cannot be faster than. */
export async function startRows(rounds) {
  const service = { SERVICE: "auth" };
  return [
    await compared(rounds, ["--help", [tool, "--help"]], ["node -e 0", ["-e", "0"]]),
    await compared(
      Math.ceil(rounds / 3),
      ["check, three services", [tool, "check"]],
      ["drizzle-kit generate, one service", [kit, "generate"], service],
    ),
  ];
}

async function compared(rounds, [ourName, ours], [baseName, base, environment]) {
  const results = await inTurns(rounds, {
    ours: () => runNode(ours, { cwd: root, metered: false }),
    base: () => runNode(base, { cwd: root, environment, metered: false }),
  });
  const [own, other] = ["ours", "base"].map((name) => spreadOf(results[name], "elapsedMs"));
  return [
    ourName,
    withSpread(own, milliseconds),
    baseName,
    withSpread(other, milliseconds),
    times(own.median / other.median),
  ];
}
