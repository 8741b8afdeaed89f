import { resolve } from "node:path";
import type { Environment } from "../config/environment.ts";
import type { LoadedConfig } from "../config/load.ts";
import { FleetError } from "../core/errors.ts";

/** What every operation receives: the configuration, the environment, and how to notify and interrupt. */
export interface Context {
  readonly config: LoadedConfig;
  readonly environment: Environment;
  /** Receives messages that are not part of the result, each as one line without a newline. */
  readonly notify: (line: string) => void;
  /** The lines that were already printed, so that each is printed once per command; undefined: print every time. */
  readonly notified?: Set<string>;
  /** True: a host name that does not resolve may be that of a server that is about to start. */
  readonly waitsForHosts?: boolean;
  /** Aborted by the first interruption: running work finishes, no new work starts. */
  readonly signal?: AbortSignal;
  /** Aborted by the second interruption: running work is cancelled. */
  readonly cancel?: AbortSignal;
  /** Marks the beginning of work that an interruption must not cut off; the returned function marks its end. */
  readonly begin?: () => () => void;
}

/** Like `notify`, but at most once per command. */
export function notifyOnce({ notify, notified }: Context, line: string): void {
  if (notified?.has(line) === true) return;
  notified?.add(line);
  notify(line);
}

/** Runs work that an interruption must not cut off, because it reacts to `signal` itself or ends quickly. */
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
 * Writes what a verb has prepared. After an interruption, nothing is written. One that comes later has no effect.
 *
 * @throws FleetError `interrupted` if the user has interrupted the command
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
