import { connect, createServer } from "node:net";

/** A proxy to a server that delays all data by the given number of milliseconds in each direction. */
export function startDelay(port, milliseconds, host = "127.0.0.1") {
  const delayed = (from, to) => {
    from.on("data", (chunk) => setTimeout(() => to.write(chunk), milliseconds));
    from.on("end", () => setTimeout(() => to.end(), milliseconds));
    from.on("error", () => to.destroy());
  };
  const proxy = createServer((client) => {
    const upstream = connect(port, host);
    for (const socket of [client, upstream]) socket.setNoDelay(true);
    delayed(client, upstream);
    delayed(upstream, client);
  });
  return new Promise((resolve) => {
    proxy.listen(0, "127.0.0.1", () =>
      resolve({ port: proxy.address().port, close: () => proxy.close() }),
    );
  });
}
