import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/**
 * Where a connection breaks: before the server receives a message, after the server received it (`sent`), after the
 * server's complete answer arrived at the proxy (`answered`), or in the middle of that answer (`partly`).
 */
export type Break = "before" | "sent" | "answered" | "partly";

/** The messages at which a connection can break: a commit, or a statement that runs outside a transaction. */
export type Decision = "commit" | "alone";

export interface Cut {
  readonly at: Decision;
  readonly place: Break;
  /** Only if at least this many earlier messages on the connection are unanswered; by default, none need be. */
  readonly underWay?: number;
  /** How many messages of this kind to let through after the previous cut. */
  readonly after: number;
  /** For `partly`: the share of the answer that gets through, from 0 to 1. */
  readonly share: number;
  /** Whether the client sees a reset instead of an orderly end. */
  readonly reset: boolean;
  /** How long the server takes to notice it, in milliseconds. Until then, the backend keeps its locks. */
  readonly lateMs: number;
}

interface Connection {
  readonly client: Socket;
  readonly server: Socket;
  /** Number of messages that are not answered yet. */
  unanswered: number;
  /** The part of the answer that has arrived, while the answer is held back for a cut. `after`: answers before it. */
  held?: { readonly cut: Cut; readonly answer: Buffer[]; after: number };
  lateMs?: number;
}

/** A proxy to a PostgreSQL server that breaks connections where a test wants it to. */
export class BreakingProxy {
  readonly #connections = new Set<Connection>();
  readonly #seen = { commit: 0, alone: 0 };
  #orders: readonly Cut[] = [];
  #cuts = 0;
  #port = 0;
  #serverPort: number;

  private constructor(serverPort: number) {
    this.#serverPort = serverPort;
  }

  /** Listens on a free port until the test ends. */
  static async open(serverPort: number): Promise<BreakingProxy> {
    const proxy = new BreakingProxy(serverPort);
    const listener = createServer((client) => proxy.#accept(client));
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const address = listener.address();
    if (typeof address === "object" && address !== null) proxy.#port = address.port;
    onTestFinished(() => {
      for (const connection of proxy.#connections) proxy.#break(connection, false);
      listener.close();
    });
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  /** The number of messages of each kind that have passed. */
  get seen(): Readonly<Record<Decision, number>> {
    return this.#seen;
  }

  /** The number of cuts that it has made. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Connects new clients to another server from now on. */
  leadTo(serverPort: number): void {
    this.#serverPort = serverPort;
  }

  /** Breaks connections at future messages, in this order. Replaces earlier orders. */
  cutAtMessages(orders: readonly Cut[]): void {
    this.#orders = orders;
  }

  /** Breaks this many open connections immediately. Returns how many there were. */
  cutNow(count: number, reset: boolean): number {
    const chosen = [...this.#connections].slice(0, count);
    for (const connection of chosen) this.#break(connection, reset);
    return chosen.length;
  }

  #accept(client: Socket): void {
    const server = connect(this.#serverPort, "127.0.0.1");
    const connection: Connection = { client, server, unanswered: 0 };
    this.#connections.add(connection);
    const requests = new Messages(true);
    const answers = new Messages(false);
    client.on("data", (chunk) => {
      for (const message of requests.read(chunk)) this.#forward(connection, message);
    });
    server.on("data", (chunk) => {
      for (const message of answers.read(chunk)) this.#answer(connection, message);
    });
    for (const socket of [client, server]) {
      // With Nagle's algorithm, each small message would wait until the previous one is acknowledged.
      socket.setNoDelay(true);
      // If one side ends, the other ends too. Every error is followed by "close".
      socket.on("error", () => undefined);
      socket.on("close", () => this.#connections.delete(connection));
    }
    server.on("close", () => client.destroy());
    client.on("close", () => setTimeout(() => server.destroy(), connection.lateMs ?? 0));
  }

  #forward(connection: Connection, message: Buffer): void {
    const { client, server } = connection;
    if (client.destroyed || server.destroyed) return;
    const decision = decisionOf(message);
    const cut = decision === undefined ? undefined : this.#orderFor(decision, connection);
    if (cut?.place === "before") {
      this.#carryOut(connection, cut);
      return;
    }
    if (cut?.place === "answered" || cut?.place === "partly")
      connection.held ??= { cut, answer: [], after: connection.unanswered };
    if (isAnswered(message)) connection.unanswered += 1;
    if (cut?.place === "sent") server.write(message, () => this.#carryOut(connection, cut));
    else server.write(message);
  }

  /** The order to cut, if it is this message's turn. */
  #orderFor(decision: Decision, { unanswered }: Connection): Cut | undefined {
    this.#seen[decision] += 1;
    const [cut, ...others] = this.#orders;
    if (cut?.at !== decision || unanswered < (cut.underWay ?? 0)) return undefined;
    this.#orders = cut.after > 0 ? [{ ...cut, after: cut.after - 1 }, ...others] : others;
    return cut.after > 0 ? undefined : cut;
  }

  #answer(connection: Connection, message: Buffer): void {
    const { client, held } = connection;
    if (client.destroyed) return;
    const isEnd = message[0] === readyForQuery;
    // The greeting ends in the same way, but answers no message.
    if (isEnd) connection.unanswered = Math.max(0, connection.unanswered - 1);
    if (held === undefined || held.after > 0) {
      client.write(message);
      if (held !== undefined && isEnd) held.after -= 1;
      return;
    }
    held.answer.push(message);
    if (!isEnd) return;
    const { cut } = held;
    const answer = Buffer.concat(held.answer);
    const part = answer.subarray(0, Math.floor(answer.length * cut.share));
    if (cut.place === "answered") this.#carryOut(connection, cut);
    else client.write(part, () => this.#carryOut(connection, cut));
  }

  #carryOut(connection: Connection, { reset, lateMs }: Cut): void {
    this.#cuts += 1;
    connection.lateMs = lateMs;
    this.#break(connection, reset);
  }

  #break({ client }: Connection, reset: boolean): void {
    if (reset) client.resetAndDestroy();
    else client.destroy();
  }
}

const readyForQuery = "Z".charCodeAt(0);
const simpleQuery = "Q".charCodeAt(0);

const sync = "S".charCodeAt(0);

/** The messages of a pipeline: Parse, Bind, Describe, Execute, Close and Flush, up to a Sync. */
const inPipeline = new Set([..."PBDECH"].map((letter) => letter.charCodeAt(0)));

/** True for what the server answers with a ReadyForQuery: a query, or a complete pipeline. */
function isAnswered(message: Buffer): boolean {
  return message[0] === simpleQuery || inPipeline.has(message[0] ?? 0);
}

function decisionOf(message: Buffer): Decision | undefined {
  if (!isAnswered(message)) return undefined;
  const text = message.toString("utf8", 5);
  // Reading a fleet also uses transactions, but only those of a migration write to the ledger.
  if (/\bCOMMIT\b/.test(text) && text.includes("__fleet_ledger")) return "commit";
  return /\bCONCURRENTLY\b/.test(text) ? "alone" : undefined;
}

/**
 * Splits a stream into PostgreSQL's messages: a letter, a length that includes itself, and the content. A client's
 * pipeline counts as one message, up to its Sync.
 */
class Messages {
  #rest = Buffer.alloc(0);
  #pipeline: Buffer[] = [];
  readonly #ofClient: boolean;
  /** True until a client's first message, which has no letter, has been read. */
  #untyped: boolean;

  constructor(ofClient: boolean) {
    this.#ofClient = ofClient;
    this.#untyped = ofClient;
  }

  read(chunk: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const messages: Buffer[] = [];
    for (;;) {
      const letter = this.#untyped ? 0 : 1;
      if (this.#rest.length < letter + 4) return messages;
      const length = letter + this.#rest.readUInt32BE(letter);
      if (this.#rest.length < length) return messages;
      const message = this.#rest.subarray(0, length);
      const isTyped = !this.#untyped;
      this.#rest = this.#rest.subarray(length);
      this.#untyped = false;
      if (this.#ofClient && isTyped && inPipeline.has(message[0] ?? 0))
        this.#pipeline.push(message);
      else if (this.#pipeline.length > 0 && message[0] === sync) {
        messages.push(Buffer.concat([...this.#pipeline, message]));
        this.#pipeline = [];
      } else messages.push(message);
    }
  }
}
