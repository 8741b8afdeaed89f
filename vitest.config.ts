import { defineConfig, type TestProjectConfiguration } from "vitest/config";
import { useMemoryFolder } from "./tests/support/memory-folder.ts";
import { SlowestReporter } from "./tests/support/slowest-reporter.ts";

const server = "tests/support/server.ts";
const build = "tests/support/build.ts";

function project(
  name: string,
  include: readonly string[],
  globalSetup: readonly string[],
  more: { readonly testTimeout?: number; readonly env?: Record<string, string> } = {},
): TestProjectConfiguration {
  return {
    extends: true,
    test: {
      name,
      include: [...include],
      globalSetup: [...globalSetup],
      testTimeout: 60_000,
      hookTimeout: 120_000,
      // The command line runs from dist/: see tests/support/in-process.ts.
      server: { deps: { external: [/\/dist\//] } },
      ...more,
    },
  };
}

useMemoryFolder();

/** `npm run test:chaos` uses one seed for the whole run. Each test prints it. */
const chaosSeed = process.env.CHAOS_SEED ?? String(Date.now() % 1_000_000_000);

/** CONTRIBUTING.md describes the projects. */
export default defineConfig({
  test: {
    projects: [
      project("unit", ["tests/unit/**/*.test.ts"], [], { testTimeout: 20_000 }),
      project("integration", ["tests/integration/**/*.test.ts"], [build, server]),
      project("cli", ["tests/cli/**/*.test.ts"], [build, server]),
      project("system", ["tests/system/**/*.test.ts", "tests/terminal/*.test.ts"], [build, server]),
      project("packages", ["tests/packages/**/*.test.ts"], [build, server]),
      project("helm", ["tests/helm/**/*.test.ts"], [build, server]),
      project("scale", ["tests/scale/**/*.test.ts"], [build, server]),
      project("chaos", ["tests/chaos/**/*.test.ts"], [build, server], {
        testTimeout: 180_000,
        env: { CHAOS_SEED: chaosSeed },
      }),
    ],
    reporters: ["default", new SlowestReporter()],
    // The files of a worker share its loaded modules: loading them for each file takes a tenth of the time.
    isolate: false,
    // Many tests wait for deadlines and locks: four workers keep two cores busy.
    maxWorkers: 4,
  },
});
