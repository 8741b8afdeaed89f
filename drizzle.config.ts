import { defineFleet, env } from "drizzle-fleet/config";

export default defineFleet({
  databases: {
    platform: { url: env("DATABASE_URI") },
    ingestion: { url: env("DATABASE_URL") },
  },
  services: {
    auth: {
      schema: "./schema/auth",
      out: "./drizzle/auth",
      seed: "./schema/auth/seed.ts",
      database: "platform",
      tenantSchema: "auth_{tenant}",
    },
    workflow: {
      schema: "./schema/workflow",
      out: "./drizzle/workflow",
      database: "platform",
      tenantSchema: "workflow_{tenant}",
    },
    ingestion: {
      schema: "./schema/ingestion",
      out: "./drizzle/ingestion",
      database: "ingestion",
      singleSchema: "public",
    },
  },
  tenants: ["default", "toshiba", "iopex"],
});
