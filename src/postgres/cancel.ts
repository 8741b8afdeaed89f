import { createConnection } from "node:net";

/** The address of a server, and the key that it requires to cancel a session's statement. */
export interface CancelKey {
  readonly host: string;
  readonly port: number;
  readonly processId: number;
  readonly secretKey: number;
}

/** The code of a CancelRequest, sent in place of a protocol version (PostgreSQL, "Message Formats"). */
const cancelRequestCode = 80_877_102;

/**
 * Asks a server, on a new connection, to cancel a session's running statement. The server does not answer, and
 * ignores a request that arrives too late. The request contains no secret but the session's key, and needs no TLS.
 *
 * @returns when the request was received, or could not be sent
 */
export function requestCancel({ host, port, processId, secretKey }: CancelKey): Promise<void> {
  const message = Buffer.alloc(16);
  message.writeInt32BE(message.length, 0);
  message.writeInt32BE(cancelRequestCode, 4);
  message.writeInt32BE(processId, 8);
  message.writeInt32BE(secretKey, 12);
  return new Promise((resolve) => {
    const socket = host.startsWith("/")
      ? createConnection(`${host}/.s.PGSQL.${port}`)
      : createConnection(port, host);
    socket.setTimeout(2_000, () => socket.destroy());
    socket.once("error", () => undefined);
    socket.once("close", () => resolve());
    // The server closes the connection. PgBouncer would ignore the request of a client that has disconnected.
    socket.resume();
    socket.write(message);
  });
}
