import { type Command, InvalidArgumentError } from "commander";
import type { LoadedConfig } from "../config/load.ts";
import type { Context } from "../fleet/context.ts";
import type { Selection } from "../tenants/targets.ts";
import { writeNote } from "./output.ts";

/** Options that every verb has. */
export interface CommonOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** Options of the verbs that work on targets. */
export interface SelectionOptions extends ServiceOptions {
  readonly tenant?: string[];
  readonly database?: string[];
}

/** Ends with the first SIGINT, SIGTERM or SIGHUP, and with the second one. */
const interruption = new AbortController();
const cancellation = new AbortController();

/** Reports the exit code of a verb to main, the only place that ends the process. */
export type Finish = (code: number) => void;

export function addConfigOption(command: Command): Command {
  return command.option("--config <file>", "configuration file (default: drizzle.config.*)");
}

export function addCommonOptions(command: Command): Command {
  return addConfigOption(command).option("--json", "write the result as JSON to standard output");
}

const databaseOption = [
  "-d, --database <name>",
  "only this database (repeat for more)",
  collect,
] as const;

/** Options of the verbs that work on services. */
export interface ServiceOptions extends CommonOptions {
  readonly service?: string[];
}

/**
 * Lets services be named as last arguments or with --service: a verb reads them from its options either way. To be
 * called after the verb's other arguments were declared.
 */
export function addServices(command: Command): Command {
  return command
    .argument("[service...]", "services (default: all)")
    .option("-s, --service <name>", "only this service (repeat for more)", collect)
    .hook("preAction", (_, called) => {
      const named: readonly string[] = called.getOptionValue("service") ?? [];
      const last: readonly string[] = called.processedArgs.at(-1) ?? [];
      if (last.length === 0) return;
      if (named.length > 0 && !isSame(named, last))
        called.error(
          `error: the services are named twice: ${last.join(" ")}, and with --service ${named.join(" ")}`,
        );
      called.setOptionValue("service", last);
    });
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return [...one].sort().join("\n") === [...other].sort().join("\n");
}

/** To be called after the verb's other arguments were declared, see `addServices`. */
export function addSelectionOptions(command: Command): Command {
  return addServices(addCommonOptions(command))
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

/** The number of pieces of work that must finish although the user interrupts. */
let unfinished = 0;

function begin(): () => void {
  unfinished += 1;
  return () => {
    unfinished -= 1;
  };
}

/**
 * Reads the configuration and gives an operation its surroundings.
 *
 * @param interruption what the first signal does from now on. `stops`: the operation heeds its context's signals all
 *   the time. `ends`: the process ends at once, unless work is under way that the operation has begun by its context
 */
export async function createContext(
  options: CommonOptions,
  interruption: "stops" | "ends" = "stops",
): Promise<Context> {
  const { loadConfig } = await import("../config/load.ts");
  const { retiredWarnings } = await import("../config/retired.ts");
  const context = contextFor(await loadConfig(options.config));
  if (interruption === "stops") begin();
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
    begin,
  };
}

/** The same signal twice within this many milliseconds counts once: a terminal and npm both pass on a Ctrl-C. */
const oneSignal = 100;

/** Declares that no work is under way any more: the command is done. */
export function endOfWork(): void {
  unfinished = 0;
}

/**
 * A signal ends the process when nothing is under way. Otherwise the first one starts nothing more, the second one
 * cancels what is running, and the third one ends the process. A terminal that goes away may send SIGHUP several
 * times without a person who means it: it only ever is the first.
 *
 * @param end ends the process
 */
export function listenForInterruption(end: () => void): void {
  let last = { name: "", at: 0 };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      const now = performance.now();
      const repeated = name === last.name && now - last.at < oneSignal;
      last = { name, at: now };
      const first = !interruption.signal.aborted;
      if (!first && (repeated || name === "SIGHUP")) return;
      if (unfinished === 0 || cancellation.signal.aborted) end();
      else if (first) {
        writeNote(
          "\nStopping: migrations under way are finished, no other is begun. Press Ctrl-C again to cancel them.\n",
        );
        interruption.abort();
      } else {
        writeNote(
          "\nCancelling the migrations under way. Press Ctrl-C again to leave without a report.\n",
        );
        cancellation.abort();
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
