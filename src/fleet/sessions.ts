import { hostname, userInfo } from "node:os";
import { lockDirection, type OpposingRun, type RunDirection } from "../control/direction-locks.ts";
import { FleetError } from "../core/errors.ts";
import type { Direction } from "../core/rollout.ts";
import { timeText } from "../core/time.ts";
import { type ConnectOptions, Session } from "../postgres/session.ts";
import type { Context } from "./context.ts";
import type { OpenDatabases } from "./databases.ts";
import { type ReadIn, readWithRetries } from "./read-database.ts";

/** What a run that changes ledgers announces, so that no run in the opposite direction starts at the same time. */
export interface Announcement {
  readonly direction: Direction;
  readonly servicesIn: (database: string) => readonly string[];
  /** The command to repeat if the run is refused. */
  readonly command: string;
}

/** One session in each database of a run. It reads the ledgers, records the outcomes, and announces the run. */
export class RunSessions {
  readonly #context: Context;
  readonly #open: OpenDatabases;
  readonly #announcement: Announcement | undefined;
  readonly #kept = new Map<string, Session>();

  /** @param announcement undefined for a run that only reads */
  constructor(context: Context, open: OpenDatabases, announcement: Announcement | undefined) {
    this.#context = context;
    this.#open = open;
    this.#announcement = announcement;
  }

  /**
   * Like `withDatabase`, but keeps the session open.
   *
   * @throws FleetError `busy` if a run in the opposite direction is under way there
   */
  readonly readIn: ReadIn = (name, read) =>
    readWithRetries(this.#context, this.#open.addressOf(name), async (connect) =>
      read(await this.#get(name, connect)),
    );

  /** Hands over a session, which the caller then closes: the one that read, or a new one with the same announcement. */
  async take(name: string): Promise<Session> {
    const waitMs = Math.min(this.#context.config.fleet.connectTimeout, 5_000);
    const kept = this.#kept.get(name);
    this.#kept.delete(name);
    if (kept !== undefined && !kept.lost) return kept;
    const session = await Session.connect(this.#open.addressOf(name), { waitMs });
    const note = this.#noteIn(name);
    // The announcement ended with its session. The lock of each target stops an opposite run that has started since.
    if (note !== undefined && !session.pooled) await lockDirection(session, note);
    return session;
  }

  /** Closes a session, and with it the announcement, if the run needs the connection. */
  async release(name: string): Promise<void> {
    const session = this.#kept.get(name);
    this.#kept.delete(name);
    await session?.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#kept.keys()].map((name) => this.release(name)));
  }

  async #get(name: string, connect: ConnectOptions): Promise<Session> {
    const kept = this.#kept.get(name);
    if (kept !== undefined && !kept.lost) return kept;
    const session = await Session.connect(this.#open.addressOf(name), connect);
    this.#kept.set(name, session);
    const note = this.#noteIn(name);
    // Through a pooler, no lock outlives its transaction.
    if (note === undefined || session.pooled) return session;
    const [opposing] = await lockDirection(session, note);
    if (opposing !== undefined)
      throw rolloutBusyError(name, opposing, note, this.#announcement?.command ?? "");
    return session;
  }

  #noteIn(name: string): RunDirection | undefined {
    if (this.#announcement === undefined) return undefined;
    const { direction, servicesIn } = this.#announcement;
    const who = `${process.pid} ${userAndHost()}`;
    return { direction, services: servicesIn(name), who };
  }
}

/** User and host, as recorded with a rollout. */
export function userAndHost(): string {
  return `${userName()}@${hostname()}`;
}

/** In a container, the user can have a number but no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "unknown");
  }
}

function rolloutBusyError(
  database: string,
  { backend, service, role, who, since }: OpposingRun,
  { direction }: RunDirection,
  command: string,
): FleetError {
  const what = direction === "up" ? "a downgrade" : "a migration";
  const [, pid, person] = /^\S+ (\d+) (.*)$/.exec(who) ?? [];
  const begun = since === null ? "" : ` (started ${timeText(since)})`;
  const by = pid === undefined ? `role ${role}` : `process ${pid} of ${person}`;
  return new FleetError(
    "busy",
    `${what} of ${service} is under way in database "${database}"${begun}: ${by}, connected with pid ${backend}`,
    {
      remedy: `Nothing was changed. Wait until it has ended. If its process no longer exists, end its connection with SELECT pg_terminate_backend(${backend}). Then run: ${command}`,
    },
  );
}
