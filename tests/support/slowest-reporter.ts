import type { Reporter, TestModule, Vitest } from "vitest/node";

const shown = 20;

/** The suites that `npm test` does not run, with what each needs. */
const otherSuites: Readonly<Record<string, string>> = {
  "test:system":
    "needs git, psql, jq, curl, PgBouncer, tmux, openssl, PostgreSQL 15, podman, and a package registry",
  "test:helm": "needs Helm 4, or a package registry to get it from",
  "test:scale": "large fleets and long random runs: takes minutes",
  "test:chaos": "servers, networks and disks that fail during rollouts: takes minutes",
};

/** Prints the slowest tests and files of a run, and, after `npm test`, the suites that it did not run. */
export class SlowestReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (process.env.CI === undefined && modules.length < 2) return;
    const files = modules.map((module) => ({
      name: module.relativeModuleId,
      ms: module.diagnostic().duration,
    }));
    const tests = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => ({
        name: `${module.relativeModuleId} > ${test.fullName}`,
        ms: test.diagnostic()?.duration ?? 0,
      })),
    );
    this.#print(`\nSlowest files:\n${slowest(files)}\n\nSlowest tests:\n${slowest(tests)}\n`);
    if (process.env.npm_lifecycle_event === "test") this.#print(otherSuitesText());
  }

  #print(text: string): void {
    this.#vitest?.logger.log(text);
  }
}

function slowest(all: readonly { readonly name: string; readonly ms: number }[]): string {
  return [...all]
    .sort((one, other) => other.ms - one.ms)
    .slice(0, shown)
    .map(({ name, ms }) => `${(ms / 1_000).toFixed(1).padStart(7)} s  ${name}`)
    .join("\n");
}

function otherSuitesText(): string {
  const lines = Object.entries(otherSuites).map(
    ([script, why]) => `  npm run ${script.padEnd(12)} ${why}`,
  );
  return `npm test did not run these suites:\n${lines.join("\n")}\nTo install what they need and run everything, run: .ci/run\n`;
}
