import { sqlstate } from "./sqlstate.ts";

/** What to do about a server that is in trouble, by SQLSTATE or its class. */
const remedies: Readonly<Record<string, string>> = {
  "53": "The server has run out of a resource. See its message and its log",
  [sqlstate.diskFull]: "The server's disk is full. Free space or enlarge it",
  [sqlstate.outOfMemory]:
    'The server has no memory left. End the sessions that use it, or add memory; if the message says "out of shared memory", raise max_locks_per_transaction',
  [sqlstate.configurationLimit]:
    "A limit of the server is reached. Raise the setting that is named",
  "58": "The server cannot use its files. Look at its log and its disk",
  [sqlstate.undefinedFile]:
    "A file is missing on the server. If it is an extension's library, install the extension there; otherwise check the server's log and disk",
  [sqlstate.readOnly]:
    "The database takes no writes: the server has become a standby, or default_transaction_read_only is on, which providers set when the disk is nearly full. Use the primary's URL, or free space",
  [sqlstate.dataCorrupted]: "The server has found damaged data. Look at its log and disk first",
  [sqlstate.indexCorrupted]:
    "The server has found a damaged index. Look at its log and disk first, then REINDEX it",
};

/**
 * What to do about an error that is the server's own: no space, no memory, a disk that fails, no writes. It would meet
 * every other target as well. A server without a free connection is not meant: that passes, and is tried again.
 *
 * @returns undefined for an error of another kind
 */
export function serverRemedy(state: string | undefined): string | undefined {
  if (state === undefined || state === sqlstate.tooManyConnections) return undefined;
  const remedy = remedies[state] ?? remedies[state.slice(0, 2)];
  return remedy && `${remedy}; then run the same command again. It is the server, not the tenant.`;
}
