import type { LoadedConfig } from "../config/load.ts";
import type { Context } from "../fleet/context.ts";
import { beginWork, cancelSignal, stopSignal } from "./interruption.ts";
import type { ConfigOption } from "./options/common.ts";
import { writeNote } from "./output.ts";

/**
 * Reads the configuration and makes the context that an operation works in.
 *
 * @param onSignal what the first signal does from now on. `stop`: the operation watches its context's signals until it
 *   ends. `end`: the process ends at once, unless the operation has declared through its context that work has begun
 */
export async function createContext(
  options: ConfigOption,
  onSignal: "stop" | "end" = "stop",
): Promise<Context> {
  const { loadConfig } = await import("../config/load.ts");
  const { retiredWarnings } = await import("../config/retired.ts");
  const context = contextFor(await loadConfig(options.config));
  if (onSignal === "stop") beginWork();
  for (const warning of retiredWarnings(context.environment)) context.notify(warning);
  return context;
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
