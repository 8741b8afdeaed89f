import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

interface Connection {
  readonly client: Socket;
  readonly server: Socket;
  silent: boolean;
}

/**
 * A proxy to a PostgreSQL server that can go silent, like a firewall that has dropped the connection: it forwards
 * nothing and closes nothing.
 */
export class SilentProxy {
  readonly #connections = new Set<Connection>();
  #isLast: (message: string) => boolean = () => false;
  #deaf = false;
  #port = 0;

  /** Listens on a free port until the test ends. */
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

  /** The number of silent connections. */
  get silent(): number {
    return [...this.#connections].filter(({ silent }) => silent).length;
  }

  /** Silences the open connections. */
  silence(): void {
    for (const connection of this.#connections) connection.silent = true;
  }

  /** Silences the open connections and all future ones. */
  silenceForGood(): void {
    this.#deaf = true;
    this.silence();
  }

  /** Closes the server's side of the silent connections, as its keep-alive eventually would. */
  forget(): void {
    for (const { server, silent } of this.#connections) if (silent) server.destroy();
  }

  /** Silences the next connection whose client sends a matching message. The message itself is not forwarded. */
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
