import { type Command, InvalidArgumentError } from "commander";
import type { LoadedConfig } from "../config/load.ts";
import type { Context } from "../operations/context.ts";
import type { Selection } from "../tenants/targets.ts";
import { writeNote } from "./output.ts";

/** Options that every verb has. */
export interface CommonOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** Options of the verbs that work on targets. */
export interface SelectionOptions extends CommonOptions {
  readonly service?: string[];
  readonly tenant?: string[];
  readonly database?: string[];
}

/** Ends with the first SIGINT, SIGTERM or SIGHUP, and with the second one. */
const interruption = new AbortController();
const cancellation = new AbortController();

/** Reports the exit code of a verb to main, the only place that ends the process. */
export type Finish = (code: number) => void;

export function addConfigOption(command: Command): Command {
  return command.option("--config <file>", "configuration file (default: drizzle.config.ts)");
}

export function addCommonOptions(command: Command): Command {
  return addConfigOption(command).option("--json", "write the result as JSON to standard output");
}

const databaseOption = [
  "-d, --database <name>",
  "only this database (repeat for more)",
  collect,
] as const;

export function addSelectionOptions(command: Command): Command {
  return addCommonOptions(command)
    .option("-s, --service <name>", "only this service (repeat for more)", collect)
    .option("-t, --tenant <id>", "only this tenant (repeat for more)", collect)
    .option(...databaseOption);
}

export function addDatabaseOption(command: Command): Command {
  return command.option(...databaseOption);
}

export function selectionOf({
  service = [],
  tenant = [],
  database = [],
}: SelectionOptions): Selection {
  return { services: service, tenants: tenant, databases: database };
}

/** Reads the configuration and gives an operation its surroundings. */
export async function createContext(options: CommonOptions): Promise<Context> {
  const { loadConfig } = await import("../config/load.ts");
  const { retiredWarnings } = await import("../config/retired.ts");
  const context = contextFor(await loadConfig(options.config));
  for (const warning of retiredWarnings(context.environment)) context.notify(warning);
  return context;
}

/** The surroundings of an operation, for a configuration that is known already. */
export function contextFor(config: LoadedConfig): Context {
  return {
    config,
    environment: process.env,
    notify: (line) => writeNote(`${line}\n`),
    signal: interruption.signal,
    cancel: cancellation.signal,
  };
}

/**
 * The first signal lets what runs come to its end, the second one cancels it, and `onThird` decides about more.
 */
export function listenForInterruption(onThird: () => void): void {
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (cancellation.signal.aborted) onThird();
      else if (interruption.signal.aborted) {
        writeNote("\nCancelling what runs. Once more to leave without a report.\n");
        cancellation.abort();
      } else {
        writeNote("\nStopping: what runs is brought to its end. Once more to cancel it.\n");
        interruption.abort();
      }
    });
  }
}

export function wasInterrupted(): boolean {
  return interruption.signal.aborted;
}

/** Gathers an option that may be repeated. An empty value is a variable that was not set, and must not mean all. */
export function collect(value: string, previous: string[] = []): string[] {
  if (value.trim() === "")
    throw new InvalidArgumentError("It is empty. Give a value, or leave the option out.");
  return [...previous, value];
}
