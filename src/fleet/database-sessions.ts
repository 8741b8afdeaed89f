import { type ConnectOptions, Session } from "../postgres/session.ts";
import type { Context } from "./context.ts";
import type { OpenDatabases } from "./databases.ts";
import type { SchemaAccess } from "./tenant-transaction.ts";

/** Gives `use` one session per database, which is opened when it is first needed and closed afterwards. */
export async function withSessions<Result>(
  context: Context,
  open: OpenDatabases,
  use: (sessionFor: SchemaAccess["sessionFor"]) => Promise<Result>,
): Promise<Result> {
  const sessions = new DatabaseSessions(open, context.config.fleet.connectTimeout, []);
  try {
    return await use((database) => sessions.get(database));
  } finally {
    await sessions.close();
  }
}

/** Sessions that are closed together. The session of a database is opened when it is first needed. */
export class DatabaseSessions {
  readonly #open: OpenDatabases;
  readonly #waitMs: number;
  readonly #all: Promise<Session>[] = [];
  readonly #kept = new Map<string, Promise<Session>>();

  /** @param early databases whose sessions are opened at once; a failure is thrown where the session is needed */
  constructor(open: OpenDatabases, waitMs: number, early: readonly string[]) {
    this.#open = open;
    this.#waitMs = waitMs;
    for (const database of early) this.get(database).catch(() => undefined);
  }

  async open(
    database: string,
    more: Pick<ConnectOptions, "signal" | "answerWithinMs" | "refuseUnknownHost"> = {},
  ): Promise<Session> {
    const address = this.#open.addressOf(database);
    const opening = Session.connect(address, { waitMs: this.#waitMs, ...more });
    this.#all.push(opening);
    return opening;
  }

  /** The session of a database; a new one if the last one was lost or could not be opened. */
  async get(database: string): Promise<Session> {
    const kept = this.#kept.get(database);
    if (kept !== undefined) {
      const session = await kept;
      if (!session.lost) return session;
    }
    const opening = this.open(database);
    this.#kept.set(database, opening);
    opening.catch(() => this.#kept.delete(database));
    return opening;
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#all);
    await Promise.all(
      opened.map(async (one) => (one.status === "fulfilled" ? one.value.close() : undefined)),
    );
  }
}
