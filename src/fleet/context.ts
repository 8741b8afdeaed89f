import { resolve } from "node:path";
import type { Environment } from "../config/environment.ts";
import type { LoadedConfig } from "../config/load.ts";
import { FleetError } from "../core/errors.ts";

/** What every operation knows about its surroundings. */
export interface Context {
  readonly config: LoadedConfig;
  readonly environment: Environment;
  /** Receives what is not part of the result: one line, without a newline. */
  readonly notify: (line: string) => void;
  /** Lines that a command prints only once, however often it reaches them; undefined: print them each time. */
  readonly notified?: Set<string>;
  /** Aborted by the first interruption: work under way finishes, no new work starts. */
  readonly signal?: AbortSignal;
  /** Aborted by the second interruption: work under way is cancelled. */
  readonly cancel?: AbortSignal;
  /** Marks the beginning of work that an interruption must not cut off; the returned function marks its end. */
  readonly begin?: () => () => void;
}

/** As `notify`, but at most once per command. */
export function notifyOnce({ notify, notified }: Context, line: string): void {
  if (notified?.has(line) === true) return;
  notified?.add(line);
  notify(line);
}

/** Runs work that an interruption must not cut off, because it heeds `signal` itself or ends within a moment. */
export async function letFinish<Result>(
  { begin }: Context,
  work: () => Promise<Result>,
): Promise<Result> {
  const finished = begin?.();
  try {
    return await work();
  } finally {
    finished?.();
  }
}

/**
 * Writes what a verb has prepared. An interruption before it leaves nothing written, one during it changes nothing.
 *
 * @throws FleetError `interrupted` when the interruption came first
 */
export async function unlessInterrupted<Result>(
  context: Context,
  write: () => Promise<Result>,
): Promise<Result> {
  if (context.signal?.aborted === true)
    throw new FleetError("interrupted", "interrupted", { remedy: "Nothing was written." });
  return letFinish(context, write);
}

/** Absolute path of a service's migrations folder. */
export function migrationsFolder({ config }: Context, service: string): string {
  return resolve(config.root, config.fleet.services[service]?.out ?? "");
}
