import type { Creation } from "../core/plan.ts";
import { quoteLiteral } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import { sealIs } from "../ledger/seal.ts";
import { ledgerOf } from "../ledger/table.ts";
import type { Sent } from "../postgres/channel.ts";
import { lockKey } from "../postgres/lock.ts";
import { sqlstate } from "../postgres/sqlstate.ts";
import { creation, noLedger, type Refusal, refusals, tenantSearchPath } from "./guard.ts";

/** A target was refused by `plainGuard`; the SQLSTATE is that of `guard`. */
class RefusedError extends Error {
  readonly severity = "ERROR";
  readonly code: Refusal;

  constructor(code: Refusal) {
    super(refusals[code]);
    this.code = code;
  }
}

/** An SQL expression that fails because it reads an unknown setting. A block of PL/pgSQL would take longer. */
function refuse(state: Refusal): string {
  return `pg_catalog.current_setting('drizzle_fleet.refused_${state}')`;
}

/** The refusal that an error of `plainGuard` stands for; undefined for any other error. */
export function refusalIn(error: Error): RefusedError | undefined {
  const state = /drizzle_fleet\.refused_(\w+)/.exec(error.message)?.[1];
  return state !== undefined && state in refusals ? new RefusedError(state as Refusal) : undefined;
}

/**
 * Branches of a CASE that set the search_path and look up where names resolve. They are evaluated in order.
 *
 * @param path as SQL
 * @param schema as SQL
 */
function entering(path: string, schema: string): string {
  return `WHEN pg_catalog.set_config('search_path', ${path}, true) IS NULL THEN ''
  WHEN pg_catalog.current_schema() IS DISTINCT FROM ${schema} THEN ${refuse(sqlstate.wrongSchema)} ELSE ''`;
}

/** The names of the statements that `prepareGuard` prepares. */
const [lockTarget, enterSealed] = ["drizzle_fleet_lock", "drizzle_fleet_enter"];

/** Statements that prepare a session for `plainGuard`: parsing and planning the guard takes longer than running it. */
export const prepareGuard: readonly string[] = [
  `PREPARE ${lockTarget} (bigint) AS SELECT CASE WHEN pg_catalog.pg_try_advisory_xact_lock($1) THEN ''
  ELSE ${refuse(sqlstate.targetLocked)} END`,
  `PREPARE ${enterSealed} (text, text, text, name) AS SELECT CASE
  WHEN NOT (${sealIs("$1", "$2")}) THEN ${refuse(sqlstate.ledgerMoved)} ${entering("$3", "$4")} END`,
];

/** What `plainGuard` checks and creates. */
export interface PlainGuardOptions {
  readonly target: Target;
  readonly sharedSchemas: readonly string[];
  /** The digest that the ledger must be sealed with, unless it is created. */
  readonly seal: string;
  readonly create: Exclude<Creation, "whatIsMissing">;
  /** The role that is granted access when the schema is created. */
  readonly role: string | undefined;
}

/**
 * The checks of `guard` in as few statements as possible, for a session that `prepareGuard` has prepared. The locks are
 * taken first, so that the next statement sees what was committed before them. The ledger is locked because an edit by
 * hand that is not committed yet would break the seal only after it was checked.
 */
export function plainGuard(options: PlainGuardOptions): Sent[] {
  const { target, sharedSchemas, seal, create, role } = options;
  const { schema } = target;
  const ledger = ledgerOf(schema);
  const path = tenantSearchPath(target, sharedSchemas);
  const lock = { prepared: lockTarget, values: [lockKey(schema)] };
  if (create === "nothing")
    return [
      lock,
      `LOCK TABLE ${ledger} IN SHARE ROW EXCLUSIVE MODE`,
      { prepared: enterSealed, values: [ledger, seal, path, schema] },
    ];
  return [
    lock,
    `SELECT CASE WHEN NOT (${noLedger(schema)}) THEN ${refuse(sqlstate.ledgerMoved)} ELSE '' END`,
    ...creation(create, schema, role),
    `SELECT CASE ${entering(quoteLiteral(path), quoteLiteral(schema))} END`,
  ];
}
