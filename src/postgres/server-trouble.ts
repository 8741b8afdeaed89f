import { sqlstate } from "./sqlstate.ts";

/** What to do about an error that the server itself causes, by SQLSTATE or its class. */
const remedies: Readonly<Record<string, string>> = {
  "53": "The server has run out of a resource. Check its error message and its log.",
  [sqlstate.diskFull]: "The server's disk is full. Free up space, or enlarge the disk.",
  [sqlstate.outOfMemory]:
    'The server is out of memory. End the sessions that use the most, or add memory. If the message is "out of shared memory", raise max_locks_per_transaction.',
  [sqlstate.configurationLimit]:
    "The server has reached a configured limit. Raise the setting that its message names.",
  "58": "The server cannot read or write its files. Check its log and its disk.",
  [sqlstate.undefinedFile]:
    "A file is missing on the server. If it is an extension's library, install the extension there. Otherwise, check the server's log and disk.",
  [sqlstate.readOnly]:
    "The database is read-only: the server has become a standby, or default_transaction_read_only is on, which providers set when the disk is nearly full. Use the primary's URL, or free up space.",
  [sqlstate.dataCorrupted]: "The server has found corrupted data. Check its log and disk first.",
  [sqlstate.indexCorrupted]:
    "The server has found a corrupted index. Check its log and disk first, then REINDEX it.",
};

/**
 * The remedy for an error that the server itself causes: its disk or memory is full, its disk fails, or the database
 * is read-only. Every other target would fail in the same way. A server without a free connection is not included:
 * that is temporary, and the attempt is repeated.
 *
 * @returns undefined for any other error
 */
export function serverRemedy(state: string | undefined): string | undefined {
  if (state === undefined || state === sqlstate.tooManyConnections) return undefined;
  const remedy = remedies[state] ?? remedies[state.slice(0, 2)];
  return remedy && `The tenant is not the cause. ${remedy} Then run the same command again.`;
}
