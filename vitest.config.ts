import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    // The weathers have a run of their own: npm run test:chaos.
    exclude: ["tests/chaos/**", "**/node_modules/**"],
    globalSetup: ["tests/support/server.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Many tests wait, for deadlines and locks: one more than two cores' worth keeps both busy.
    maxWorkers: 3,
  },
});
