import type { LoadedConfig } from "../config/load.ts";
import type { Context } from "../fleet/context.ts";
import { beginWork, cancelSignal, stopSignal } from "./interruption.ts";
import type { ConnectingOptions } from "./options/common.ts";
import { writeNote } from "./output.ts";

/**
 * Reads the configuration and makes the context that an operation works in.
 *
 * @param onSignal what the first signal does from now on. `stop`: the operation watches its context's signals until it
 *   ends. `end`: the process ends at once, unless the operation has declared through its context that work has begun
 */
export async function createContext(
  options: ConnectingOptions,
  onSignal: "stop" | "end" = "stop",
): Promise<Context> {
  const { loadConfig } = await import("../config/load.ts");
  const { retiredWarnings } = await import("../config/retired.ts");
  const context = connecting(contextFor(await loadConfig(options.config)), options.connectTimeout);
  if (onSignal === "stop") beginWork();
  for (const warning of retiredWarnings(context.environment)) context.notify(warning);
  return context;
}

/** A context with another limit for connecting. Who gives one expects to wait, for a host name, too. */
function connecting(context: Context, connectTimeout: number | undefined): Context {
  if (connectTimeout === undefined) return context;
  const { config } = context;
  const fleet = { ...config.fleet, connectTimeout };
  return { ...context, config: { ...config, fleet }, waitsForHosts: true };
}

/** The context of an operation, for a configuration that is already loaded. */
export function contextFor(config: LoadedConfig): Context {
  return {
    config,
    environment: process.env,
    notify: (line) => writeNote(`${line}\n`),
    notified: new Set(),
    signal: stopSignal,
    cancel: cancelSignal,
    begin: beginWork,
  };
}
