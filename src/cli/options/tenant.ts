import type { Command } from "commander";
import { groups } from "../help/sections.ts";
import type { CommonOptions } from "./common.ts";
import { type Attributes, collectAttribute } from "./values.ts";

/** Options of the verbs that register a tenant. */
export interface NewTenantOptions extends CommonOptions {
  readonly attribute?: Attributes;
  readonly database?: string;
}

export function addAttributeOption(command: Command): Command {
  return command.option(
    "--attribute <name=value>",
    "set an attribute (repeatable)",
    collectAttribute,
  );
}

/** Adds the options of `NewTenantOptions`. */
export function addNewTenantOptions(command: Command): Command {
  return addAttributeOption(command.optionsGroup(groups.options)).option(
    "-d, --database <database>",
    "keep all of the tenant's schemas in this database",
  );
}

export function newTenantOf({ attribute: attributes, database }: NewTenantOptions): {
  attributes?: Attributes;
  database?: string;
} {
  return {
    ...(attributes === undefined ? {} : { attributes }),
    ...(database === undefined ? {} : { database }),
  };
}
