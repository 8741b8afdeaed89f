import { sqlstate } from "./sqlstate.ts";

/** The remedies for a server in trouble, by SQLSTATE or its class. */
const remedies: Readonly<Record<string, string>> = {
  "53": "The server has run out of a resource. Check its message and its log",
  [sqlstate.diskFull]: "The server's disk is full. Free space or enlarge it",
  [sqlstate.outOfMemory]:
    'The server has no memory left. End the sessions that use it, or add memory; if the message is "out of shared memory", raise max_locks_per_transaction',
  [sqlstate.configurationLimit]:
    "The server has reached a configured limit. Raise the setting in its message",
  "58": "The server cannot use its files. Check its log and its disk",
  [sqlstate.undefinedFile]:
    "A file is missing on the server. If it is an extension's library, install the extension there; otherwise, check the server's log and disk",
  [sqlstate.readOnly]:
    "The database is read-only: the server has become a standby, or default_transaction_read_only is on, which providers set when the disk is nearly full. Use the primary's URL, or free space",
  [sqlstate.dataCorrupted]: "The server has found damaged data. Check its log and disk first",
  [sqlstate.indexCorrupted]:
    "The server has found a damaged index. Check its log and disk first, then REINDEX it",
};

/**
 * The remedy for an error of the server itself: disk or memory is full, a disk fails, the database is read-only.
 * Every other target would fail in the same way. A server without a free connection is not included: that passes, and
 * is retried.
 *
 * @returns undefined for any other error
 */
export function serverRemedy(state: string | undefined): string | undefined {
  if (state === undefined || state === sqlstate.tooManyConnections) return undefined;
  const remedy = remedies[state] ?? remedies[state.slice(0, 2)];
  return remedy && `${remedy}; then run the same command again. The tenant is not the cause.`;
}
