import { pgEnum } from "drizzle-orm/pg-core";

export const connectorKind = pgEnum("connector_kind", [
  "web",
  "upload",
  "s3",
  "google_drive",
  "confluence",
]);

export const jobStatus = pgEnum("job_status", [
  "pending",
  "running",
  "succeeded",
  "failed",
  "cancelled",
]);
