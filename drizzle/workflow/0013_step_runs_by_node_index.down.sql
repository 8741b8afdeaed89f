DROP INDEX "step_runs_node_created_at_idx";
