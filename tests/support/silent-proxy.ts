import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

interface Connection {
  readonly client: Socket;
  readonly server: Socket;
  silent: boolean;
}

/**
 * A way to a PostgreSQL server that can go silent, as a firewall that forgot the connection: it passes nothing on and
 * closes nothing.
 */
export class SilentProxy {
  readonly #connections = new Set<Connection>();
  #isLast: (message: string) => boolean = () => false;
  #deaf = false;
  #port = 0;

  /** Listens on a port of its own until the test has ended. */
  static async open(serverUrl: string): Promise<SilentProxy> {
    const proxy = new SilentProxy();
    const { hostname, port } = new URL(serverUrl);
    const listener = createServer((client) => proxy.#accept(client, hostname, Number(port)));
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const address = listener.address();
    if (typeof address === "object" && address !== null) proxy.#port = address.port;
    onTestFinished(() => {
      for (const { client, server } of proxy.#connections) {
        client.destroy();
        server.destroy();
      }
      listener.close();
    });
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  /** How many connections are silent. */
  get silent(): number {
    return [...this.#connections].filter(({ silent }) => silent).length;
  }

  /** Silences the open connections. */
  silence(): void {
    for (const connection of this.#connections) connection.silent = true;
  }

  /** Silences the open connections, and every one that comes. */
  silenceForGood(): void {
    this.#deaf = true;
    this.silence();
  }

  /** Ends the silent connections for the server, as its own keep-alive does in the end. */
  forget(): void {
    for (const { server, silent } of this.#connections) if (silent) server.destroy();
  }

  /** Silences the first connection whose client sends a message of this kind, which is not passed on any more. */
  silenceAt(isLast: (message: string) => boolean): void {
    this.#isLast = isLast;
  }

  #accept(client: Socket, hostname: string, port: number): void {
    const server = connect(port, hostname);
    const connection: Connection = { client, server, silent: this.#deaf };
    this.#connections.add(connection);
    client.on("data", (chunk) => {
      if (this.#isLast(chunk.toString("latin1"))) {
        this.#isLast = () => false;
        connection.silent = true;
      }
      if (!connection.silent) server.write(chunk);
    });
    server.on("data", (chunk) => {
      if (!connection.silent) client.write(chunk);
    });
    for (const socket of [client, server]) socket.on("error", () => undefined);
    client.on("close", () => {
      if (!connection.silent) server.destroy();
    });
    server.on("close", () => {
      if (!connection.silent) client.destroy();
    });
  }
}
