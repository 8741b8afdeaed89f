import { ScriptError } from "./script-error.ts";

/** The SQLSTATEs that drizzle-fleet handles. Names and codes are from PostgreSQL's appendix "Error Codes". */
export const sqlstate = {
  lockNotAvailable: "55P03",
  deadlockDetected: "40P01",
  serializationFailure: "40001",
  tooManyConnections: "53300",
  adminShutdown: "57P01",
  crashShutdown: "57P02",
  cannotConnectNow: "57P03",
  idleSessionTimeout: "57P05",
  queryCanceled: "57014",
  invalidPassword: "28P01",
  invalidAuthorization: "28000",
  invalidCatalogName: "3D000",
  invalidParameterValue: "22023",
  undefinedObject: "42704",
  insufficientPrivilege: "42501",
  undefinedTable: "42P01",
  invalidSchemaName: "3F000",
  featureNotSupported: "0A000",
  uniqueViolation: "23505",
  dependentObjectsStillExist: "2BP01",
  readOnly: "25006",
  diskFull: "53100",
  outOfMemory: "53200",
  configurationLimit: "53400",
  undefinedFile: "58P01",
  dataCorrupted: "XX001",
  indexCorrupted: "XX002",
  // Raised by the guard. The SQL standard leaves classes that begin with I-Z to implementations.
  targetLocked: "TF001",
  wrongSchema: "TF002",
  ledgerMoved: "TF003",
} as const;

const retryable = new Set<string>([
  sqlstate.lockNotAvailable,
  sqlstate.deadlockDetected,
  sqlstate.serializationFailure,
  sqlstate.tooManyConnections,
  sqlstate.adminShutdown,
  sqlstate.crashShutdown,
  sqlstate.cannotConnectNow,
  sqlstate.idleSessionTimeout,
  sqlstate.targetLocked,
  sqlstate.ledgerMoved,
]);

const networkCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/**
 * The five-character SQLSTATE of a server's error.
 *
 * @returns undefined if the error does not come from a server
 */
export function sqlstateOf(error: unknown): string | undefined {
  const code = codeOf(error);
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && hasSeverity(error) ? code : undefined;
}

/**
 * Tells whether a host name cannot be resolved. A resolver that is temporarily unavailable reports EAI_AGAIN instead.
 */
export function isUnknownHost(error: unknown): boolean {
  return codeOf(error) === "ENOTFOUND";
}

/** Tells whether the connection failed or was lost, so that the effect of what was sent is unknown. */
export function isConnectionLoss(error: unknown): boolean {
  if (error instanceof ScriptError) return isConnectionLoss(error.cause);
  const state = sqlstateOf(error);
  // A statement with a parameter ($1) fails when it is bound, as a violation of the protocol.
  if (state === "08P01" && Reflect.get(Object(error), "routine") === "exec_bind_message")
    return false;
  if (state !== undefined) return state.startsWith("08") || state.startsWith("57P");
  if (networkCodes.has(codeOf(error) ?? "")) return true;
  return (
    error instanceof Error &&
    /connection (terminated|ended|error)|timeout expired|not queryable/i.test(error.message)
  );
}

/**
 * Tells whether the server, or a pooler, has no free connection. PgBouncer only reports this in the message: its
 * SQLSTATE is always 08P01.
 */
export function isServerFull(error: unknown): boolean {
  if (sqlstateOf(error) === sqlstate.tooManyConnections) return true;
  return error instanceof Error && /^no more connections allowed/.test(error.message);
}

/** Tells whether the same step is likely to succeed after its ledger is read again. */
export function isRetryable(error: unknown): boolean {
  const state = sqlstateOf(error);
  return (
    (state !== undefined && retryable.has(state)) || isCatalogRace(error) || isConnectionLoss(error)
  );
}

/**
 * Tells whether two sessions changed one object at the same moment, for example by GRANT on a shared table.
 * PostgreSQL has no SQLSTATE for this: it reports an internal error, or a duplicate key in a catalog.
 */
function isCatalogRace(error: unknown): boolean {
  const state = sqlstateOf(error);
  if (!(error instanceof Error)) return false;
  if (state === "XX000") return /^tuple concurrently (updated|deleted)$/.test(error.message);
  return state === sqlstate.uniqueViolation && Reflect.get(error, "schema") === "pg_catalog";
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

function hasSeverity(error: unknown): boolean {
  return typeof error === "object" && error !== null && "severity" in error;
}
