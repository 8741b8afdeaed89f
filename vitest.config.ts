import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    // The weathers have a run of their own: npm run test:chaos.
    exclude: ["tests/chaos/**", "**/node_modules/**"],
    globalSetup: ["tests/support/server.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores: more workers than that would only fight over the one PostgreSQL.
    maxWorkers: 2,
  },
});
