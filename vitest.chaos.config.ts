import { defineConfig } from "vitest/config";

/** `npm run test:chaos`: rollouts under bad weather. Each test has servers of its own. */
export default defineConfig({
  test: {
    include: ["tests/chaos/*.test.ts", "tests/integration/chaos.test.ts"],
    // One seed for the whole run, which each test prints.
    env: { CHAOS_SEED: process.env.CHAOS_SEED ?? String(Date.now() % 1_000_000_000) },
    testTimeout: 180_000,
    // They wait more than they work.
    maxWorkers: 4,
  },
});
