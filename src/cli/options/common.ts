import type { Command } from "commander";
import { groups } from "../help/sections.ts";
import { durationValue } from "./values.ts";

/** The option of every verb that reads the configuration. */
export interface ConfigOption {
  readonly config?: string;
}

/** The options of a verb that connects to the fleet's databases. */
export interface ConnectingOptions extends ConfigOption {
  readonly connectTimeout?: number;
}

/** Adds the options of `ConnectingOptions`, except those that all verbs have. */
export function addConnectTimeout(command: Command): Command {
  return command
    .optionsGroup(groups.limits)
    .option(
      "--connect-timeout <duration>",
      "how long to wait for a database, or for its host name (default: 30s, without waiting for a name)",
      durationValue,
    );
}

/** Options that every verb with a result has. */
export interface CommonOptions extends ConfigOption {
  readonly json?: boolean;
}

/** Adds the options of `CommonOptions`. Call it last, because help lists options in the order in which they were added. */
export function addCommonOptions(command: Command): Command {
  return addGeneralOptions(addJsonOption(command));
}

export function addJsonOption(command: Command): Command {
  return command
    .optionsGroup(groups.output)
    .option("--json", "write the result as JSON to standard output");
}

/** Adds the option of `ConfigOption`, and --help. Call it last. */
export function addGeneralOptions(command: Command): Command {
  return command
    .optionsGroup(groups.general)
    .option("--config <file>", "configuration file (default: drizzle.config.*)")
    .helpOption("-h, --help", "show this help");
}
