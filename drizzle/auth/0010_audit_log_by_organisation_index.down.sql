DROP INDEX "audit_log_organisation_occurred_at_idx";
