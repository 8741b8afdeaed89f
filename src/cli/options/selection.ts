import type { Command } from "commander";
import type { Selection } from "../../tenants/targets.ts";
import { groups } from "../help/sections.ts";
import type { CommonOptions } from "./common.ts";
import { collect } from "./values.ts";

/** Options of the verbs that work on services. */
export interface ServiceOptions extends CommonOptions {
  readonly service?: string[];
}

/** Options of the verbs that work on targets. */
export interface SelectionOptions extends ServiceOptions {
  readonly tenant?: string[];
  readonly database?: string[];
}

/**
 * Lets services be named as the last arguments or with --service: a verb reads them from its options in both cases. Call
 * it after the verb's other arguments were added.
 */
export function addServices(command: Command): Command {
  return command
    .argument("[service...]", "services (default: all)")
    .optionsGroup(groups.selection)
    .option("-s, --service <service>", "select a service (repeatable)", collect)
    .hook("preAction", (_, called) => mergeServices(called));
}

function mergeServices(called: Command): void {
  const options: readonly string[] = called.getOptionValue("service") ?? [];
  const last: readonly string[] = called.processedArgs.at(-1) ?? [];
  if (last.length === 0) return;
  if (options.length > 0 && !isSameSet(options, last))
    called.error(
      `error: the services given as arguments (${last.join(" ")}) differ from those given with --service (${options.join(" ")})`,
    );
  called.setOptionValue("service", last);
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  return [...one].sort().join("\n") === [...other].sort().join("\n");
}

/** Adds the options of `SelectionOptions`. Call it after the verb's other arguments were added, like `addServices`. */
export function addSelection(command: Command): Command {
  return addDatabaseOption(
    addServices(command).option("-t, --tenant <tenant>", "select a tenant (repeatable)", collect),
  );
}

export function addDatabaseOption(command: Command): Command {
  return command
    .optionsGroup(groups.selection)
    .option("-d, --database <database>", "select a database by name (repeatable)", collect);
}

export function selectionOf({
  service = [],
  tenant = [],
  database = [],
}: SelectionOptions): Selection {
  return { services: service, tenants: tenant, databases: database };
}
