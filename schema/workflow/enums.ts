import { pgEnum } from "drizzle-orm/pg-core";

export const versionState = pgEnum("version_state", ["draft", "published", "archived"]);

export const nodeKind = pgEnum("node_kind", [
  "start",
  "agent",
  "tool",
  "condition",
  "approval",
  "group",
  "end",
]);

/** What can start an execution. */
export const triggerKind = pgEnum("trigger_kind", ["manual", "schedule", "webhook", "api"]);

export const toolKind = pgEnum("tool_kind", ["http", "mcp", "function"]);

/** Shared by executions and step runs. */
export const executionStatus = pgEnum("execution_status", [
  "queued",
  "running",
  "waiting",
  "succeeded",
  "failed",
  "cancelled",
]);

export const approvalDecision = pgEnum("approval_decision", ["pending", "approved", "rejected"]);
