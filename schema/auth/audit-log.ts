// The audit log. Append-only (a trigger refuses changes) and without foreign keys: entries outlive
// the rows that they refer to.
import { bigint, index, inet, jsonb, pgTable, text, uuid } from "drizzle-orm/pg-core";

import { timestamptz } from "./columns.ts";

export const auditLog = pgTable(
  "audit_log",
  {
    id: bigint("id", { mode: "bigint" }).primaryKey().generatedAlwaysAsIdentity(),
    organisationId: uuid("organisation_id"),
    actorId: uuid("actor_id"),
    action: text("action").notNull(),
    targetType: text("target_type").notNull(),
    targetId: text("target_id").notNull(),
    details: jsonb("details").$type<Record<string, unknown>>().notNull().default({}),
    ipAddress: inet("ip_address"),
    occurredAt: timestamptz("occurred_at").notNull().defaultNow(),
  },
  (table) => [
    index("audit_log_target_idx").on(table.targetType, table.targetId),
    index("audit_log_details_idx").using("gin", table.details.op("jsonb_path_ops")),
    index("audit_log_organisation_occurred_at_idx")
      .on(table.organisationId, table.occurredAt.desc())
      .concurrently(),
  ],
);
