import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** An address of a PostgreSQL server at which nothing listens before `open` is called. */
export interface Gate {
  readonly url: string;
  open(): Promise<void>;
}

/** Creates a closed gate to the server of a URL. */
export async function createGate(url: string): Promise<Gate> {
  const sockets = new Set<Socket>();
  const { hostname, port } = new URL(url);
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
    }
    client.pipe(upstream).pipe(client);
  });
  const listen = (at: number) =>
    new Promise<number>((resolve, reject) => {
      server.once("error", reject);
      server.listen(at, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
  const close = () =>
    new Promise<void>((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });
  const own = await listen(0);
  await close();
  onTestFinished(close);
  return {
    url: Object.assign(new URL(url), { port: String(own) }).href,
    open: async () => void (await listen(own)),
  };
}
