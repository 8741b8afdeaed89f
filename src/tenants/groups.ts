import { parseAmount } from "../config/quantities.ts";
import type { FleetConfig } from "../config/schema.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import type { Roster } from "./roster.ts";
import { unknownNames } from "./targets.ts";

/** Tenants that one name selects: a group, or a single tenant. */
export interface NamedTenants {
  readonly name: string;
  readonly tenants: ReadonlySet<string>;
}

/** The tenants of a group: those that have, for each of its attributes, one of the configured values. */
function tenantsInGroup(fleet: FleetConfig, group: string, roster: Roster): ReadonlySet<string> {
  const wanted = Object.entries(fleet.groups[group] ?? {});
  const attributes = new Map(roster.listed.map((tenant) => [tenant.id, tenant.attributes]));
  // As text: the registry keeps every attribute as text, and the command line has no other kind.
  const matches = (tenant: string) =>
    wanted.every(([name, values]) => {
      const own = attributes.get(tenant)?.[name];
      return own !== undefined && [values].flat().map(String).includes(String(own));
    });
  return new Set(allIn(roster).filter(matches));
}

/** All tenants that a list can name, including those that this run leaves out. */
function allIn({ listed, ids }: Roster): string[] {
  return [...new Set([...listed.map(({ id }) => id), ...ids])];
}

/**
 * Reads a list such as `acme,beta` or `internal,group:gold`. Each name is a group or a tenant.
 *
 * @param option the option that contains the list, for error messages
 * @throws FleetError `usage` for a name that is neither or both, and for a group without tenants
 */
export function namedTenants(
  fleet: FleetConfig,
  roster: Roster,
  list: string,
  option: string,
): NamedTenants[] {
  const tenants = allIn(roster);
  const groups = Object.keys(fleet.groups);
  const names = list
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  refuseUnknown(names, groups, tenants, option);
  const named = names.map((name) => {
    const own = name.replace(/^(group|tenant):/, "");
    const isGroup = !name.startsWith("tenant:") && groups.includes(own);
    return {
      name: own,
      tenants: isGroup ? tenantsInGroup(fleet, own, roster) : new Set([own]),
    };
  });
  // An empty canary would protect nothing, so it must not go unnoticed.
  const empty = named.find((one) => one.tenants.size === 0);
  if (empty !== undefined)
    throw new FleetError("usage", `${option}: no tenant is in the group ${empty.name}`, {
      remedy: `Check that tenants have the attributes of groups.${empty.name} in the configuration.`,
    });
  if (named.length === 0)
    throw new FleetError("usage", `${option} names no tenant`, {
      remedy: "Name tenants or groups, separated by commas, or specify a number.",
    });
  return named;
}

function refuseUnknown(
  names: readonly string[],
  groups: readonly string[],
  tenants: readonly string[],
  option: string,
): void {
  const bare = names.filter((name) => !/^(group|tenant):/.test(name));
  throwProblems(
    [
      ...unknownNames("tenant or group", bare, [...groups, ...tenants]),
      ...unknownNames("group", prefixed(names, "group:"), groups),
      ...unknownNames("tenant", prefixed(names, "tenant:"), tenants),
      ...bare
        .filter((name) => groups.includes(name) && tenants.includes(name))
        .map((name) => ambiguousNameError(option, name, `group:${name} or tenant:${name}`)),
    ],
    `${option} contains unknown or ambiguous names`,
  );
}

/**
 * Reads a number or percentage of tenants.
 *
 * @returns undefined for other texts
 * @throws FleetError `usage` for 0, and for a number that is also the name of a tenant or a group
 */
export function amountIn(
  fleet: FleetConfig,
  roster: Roster,
  text: string,
  option: string,
): ReturnType<typeof parseAmount> {
  const amount = parseAmount(text);
  if (amount === undefined) return undefined;
  if (("count" in amount ? amount.count : amount.percent) === 0)
    throw new FleetError("usage", `${option} ${text} selects no tenant`, {
      remedy: "Specify a number of at least 1, or a percentage above 0%.",
    });
  if (allIn(roster).includes(text) || Object.hasOwn(fleet.groups, text))
    throw ambiguousNameError(option, text, `tenant:${text}, or name all of the tenants`);
  return amount;
}

function prefixed(names: readonly string[], prefix: string): string[] {
  return names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
}

function ambiguousNameError(option: string, name: string, choices: string): FleetError {
  return new FleetError("usage", `${option} ${name} is ambiguous`, {
    remedy: `Write ${choices}.`,
  });
}
