import { quoteLiteral } from "../../core/quoting.ts";

const autovacuum = `autovacuum_enabled autovacuum_vacuum_threshold autovacuum_vacuum_max_threshold
  autovacuum_vacuum_insert_threshold autovacuum_analyze_threshold autovacuum_vacuum_cost_limit autovacuum_vacuum_cost_delay
  autovacuum_freeze_min_age autovacuum_freeze_max_age autovacuum_freeze_table_age autovacuum_multixact_freeze_min_age
  autovacuum_multixact_freeze_max_age autovacuum_multixact_freeze_table_age autovacuum_vacuum_scale_factor
  autovacuum_vacuum_insert_scale_factor autovacuum_analyze_scale_factor log_autovacuum_min_duration
  vacuum_index_cleanup vacuum_truncate vacuum_max_eager_freeze_failure_rate`;

/** The options that users can set, up to PostgreSQL 18: see CREATE TABLE, CREATE INDEX, CREATE VIEW, ALTER TABLE. */
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
 * True for an option that only the server sets, such as `pg_attver`, which PostgreSQL 15.20 stores with every column. Its
 * value differs between tables, other minor versions refuse it, and pg_dump leaves it out. Such names begin with `pg_`.
 */
export function isInternalOption(option: string): boolean {
  return nameOf(option).startsWith("pg_");
}

/**
 * True for an option that is copied. For an extension's access method, this is any option that is not internal.
 *
 * @param option as in the catalog, `name=value`
 * @param owner `column`, `view`, or the access method of the table or index
 */
function isCopied(option: string, owner: string): boolean {
  return settable[owner]?.includes(nameOf(option)) ?? !isInternalOption(option);
}

/** The names of options that are neither copied nor internal: a copy without them would differ. */
export function unknownOptions(options: readonly string[] | null, owner: string): string[] {
  return (options ?? [])
    .filter((option) => !isCopied(option, owner) && !isInternalOption(option))
    .map(nameOf);
}

/**
 * The options that are copied, as SQL.
 *
 * @param options as in the catalog, `name=value`
 * @param owner see `isCopied`
 * @returns an empty text if there are none
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
