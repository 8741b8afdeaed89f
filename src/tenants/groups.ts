import { parseAmount } from "../config/quantities.ts";
import type { Attribute, FleetConfig } from "../config/schema.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import type { Roster } from "./roster.ts";
import { unknownNames } from "./targets.ts";

/** Tenants that are named together. */
export interface NamedTenants {
  readonly name: string;
  readonly tenants: ReadonlySet<string>;
}

/** A group's tenants: those whose attributes all have one of the values that the configuration names. */
function tenantsInGroup(fleet: FleetConfig, group: string, roster: Roster): ReadonlySet<string> {
  const wanted = Object.entries(fleet.groups[group] ?? {});
  const attributes = new Map(roster.listed.map((tenant) => [tenant.id, tenant.attributes]));
  const matches = (tenant: string) =>
    wanted.every(([name, values]) =>
      [values].flat().includes(attributes.get(tenant)?.[name] as Attribute),
    );
  return new Set(allIn(roster).filter(matches));
}

/** All tenants that a list can name, also those that this run leaves out. */
function allIn({ listed, ids }: Roster): string[] {
  return [...new Set([...listed.map(({ id }) => id), ...ids])];
}

/**
 * Reads a list such as `acme,beta` or `internal,group:gold`: each name is a group or a tenant.
 *
 * @param option the option that holds it, for errors
 * @throws FleetError `usage` for a name that is neither, or both, and for a group without a tenant
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
    `${option} names what does not exist`,
  );
  const named = names.map((name) => {
    const own = name.replace(/^(group|tenant):/, "");
    const isGroup = !name.startsWith("tenant:") && groups.includes(own);
    return {
      name: own,
      tenants: isGroup ? tenantsInGroup(fleet, own, roster) : new Set([own]),
    };
  });
  // Protection that protects nobody must not go unnoticed.
  const empty = named.find((one) => one.tenants.size === 0);
  if (empty !== undefined)
    throw new FleetError("usage", `${option}: no tenant is in the group ${empty.name}`, {
      remedy: `Do the tenants have the attributes of groups.${empty.name} in the configuration?`,
    });
  if (named.length === 0)
    throw new FleetError("usage", `${option} names nobody`, {
      remedy: "Name tenants or groups, separated by commas, or give a number.",
    });
  return named;
}

/** A number of tenants or a share of them, unless a tenant or a group has that name. */
export function amountIn(
  fleet: FleetConfig,
  roster: Roster,
  text: string,
  option: string,
): ReturnType<typeof parseAmount> {
  const amount = parseAmount(text);
  if (amount === undefined) return undefined;
  if (("count" in amount ? amount.count : amount.percent) === 0)
    throw new FleetError("usage", `${option} ${text} leaves nothing to begin with`, {
      remedy: "Give a number from 1.",
    });
  if (allIn(roster).includes(text) || Object.hasOwn(fleet.groups, text))
    throw ambiguousNameError(option, text, `tenant:${text}, or list that many`);
  return amount;
}

function prefixed(names: readonly string[], prefix: string): string[] {
  return names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
}

function ambiguousNameError(option: string, name: string, choices: string): FleetError {
  return new FleetError("usage", `${option} ${name} can mean two things`, {
    remedy: `Write ${choices}.`,
  });
}
