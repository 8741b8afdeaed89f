import { createConnection } from "node:net";

/** Where a backend listens, and what it wants to hear before it cancels what it runs. */
export interface CancelKey {
  readonly host: string;
  readonly port: number;
  readonly processId: number;
  readonly secretKey: number;
}

/** The code of a CancelRequest, in place of a protocol version (PostgreSQL, "Message Formats"). */
const cancelRequestCode = 80_877_102;

/**
 * Asks a server, over a connection of its own, to cancel what a session runs. The server never answers, and a
 * request that comes too late does nothing. It holds no secret but the session's key and is understood before
 * TLS begins.
 *
 * @returns when the request was taken, or cannot be sent
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
    // Whoever answers closes: PgBouncer would drop the request of a client that is gone.
    socket.resume();
    socket.write(message);
  });
}
