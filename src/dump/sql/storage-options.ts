import { quoteLiteral } from "../../core/quoting.ts";

const autovacuum = `autovacuum_enabled autovacuum_vacuum_threshold autovacuum_vacuum_max_threshold
  autovacuum_vacuum_insert_threshold autovacuum_analyze_threshold autovacuum_vacuum_cost_limit autovacuum_vacuum_cost_delay
  autovacuum_freeze_min_age autovacuum_freeze_max_age autovacuum_freeze_table_age autovacuum_multixact_freeze_min_age
  autovacuum_multixact_freeze_max_age autovacuum_multixact_freeze_table_age autovacuum_vacuum_scale_factor
  autovacuum_vacuum_insert_scale_factor autovacuum_analyze_scale_factor log_autovacuum_min_duration
  vacuum_index_cleanup vacuum_truncate vacuum_max_eager_freeze_failure_rate`;

/** The options that a user can set, up to PostgreSQL 18 ("CREATE TABLE", "CREATE INDEX", "CREATE VIEW", "ALTER TABLE"). */
const settable: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries({
    column: "n_distinct n_distinct_inherited",
    view: "security_barrier security_invoker check_option",
    heap: `fillfactor toast_tuple_target parallel_workers user_catalog_table ${autovacuum}`,
    btree: "fillfactor deduplicate_items",
    hash: "fillfactor",
    gist: "fillfactor buffering",
    spgist: "fillfactor",
    gin: "fastupdate gin_pending_list_limit",
    brin: "pages_per_range autosummarize",
  }).map(([owner, names]) => [owner, names.split(/\s+/)]),
);

function nameOf(option: string): string {
  return option.slice(0, option.indexOf("="));
}

/**
 * True for an option that the server keeps for itself, such as the `pg_attver` that PostgreSQL 15.20 has with every column.
 * It differs from table to table, other minor versions refuse it, and it says nothing of what a user wants: pg_dump leaves
 * it out. ConfusableNames that begin with `pg_` are the server's own.
 */
export function internalOption(option: string): boolean {
  return nameOf(option).startsWith("pg_");
}

/**
 * Whether an option is copied. Those of an extension's access method are its own to know.
 *
 * @param option as the catalog has it, `name=value`
 * @param owner what has it: `column`, `view`, or the access method of a table or index
 */
function isCopied(option: string, owner: string): boolean {
  return settable[owner]?.includes(nameOf(option)) ?? !internalOption(option);
}

/** The names of options that are neither copied nor the server's own: a copy without them would not be the same. */
export function unknownOptions(options: readonly string[] | null, owner: string): string[] {
  return (options ?? [])
    .filter((option) => !isCopied(option, owner) && !internalOption(option))
    .map(nameOf);
}

/**
 * Options as the catalog has them, `name=value`, for SQL text: those that are copied.
 *
 * @param owner see `isCopied`
 * @returns an empty text for none
 */
export function storageOptions(
  options: readonly string[] | null,
  owner: string,
  prefix = "",
): string {
  return (options ?? [])
    .filter((option) => isCopied(option, owner))
    .map((option) => {
      const value = option.slice(option.indexOf("=") + 1);
      return `${prefix}${nameOf(option)}=${quoteLiteral(value)}`;
    })
    .join(", ");
}
