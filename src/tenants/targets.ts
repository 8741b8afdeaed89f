import { distance } from "fastest-levenshtein";
import { controlSchema } from "../config/fields.ts";
import type { FleetConfig, ServiceConfig } from "../config/schema.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import { longestName } from "../core/sendable.ts";
import type { Target } from "../core/target.ts";
import { quotedName } from "../core/visible.ts";
import { configuredTenants, type Roster } from "./roster.ts";

/**
 * The part of a fleet that a command works on, by names. An empty list selects everything of its kind.
 *
 * @example
 *   const selection: Selection = { services: ["auth"], tenants: ["acme"], databases: [] };
 */
export interface Selection {
  readonly services: readonly string[];
  readonly tenants: readonly string[];
  readonly databases: readonly string[];
}

/** Selects the complete fleet. */
export const everything: Selection = { services: [], tenants: [], databases: [] };

/**
 * Lists the targets of a selection, in the configuration's order.
 *
 * @throws FleetError `usage` for an unknown service, tenant or database, with similar names; `config` for tenant ids
 *   that cannot be part of schema names, and for targets that share a schema. One error lists all problems.
 */
export function resolveTargets(
  fleet: FleetConfig,
  roster: Roster,
  selection: Selection = everything,
): Target[] {
  throwProblems(
    [
      ...unknownNames("service", selection.services, Object.keys(fleet.services)),
      ...unknownNames("tenant", selection.tenants, roster.ids),
      ...unknownNames("database", selection.databases, Object.keys(fleet.databases)),
    ],
    "the selection contains unknown names",
  );
  throwProblems(
    roster.ids.flatMap((tenant) => tenantProblem(tenant) ?? []),
    "some tenant ids cannot be used",
  );
  const all = allTargets(fleet, roster);
  throwProblems(
    [
      ...all.flatMap((target) => schemaProblem(target) ?? sharedProblem(fleet, target) ?? []),
      ...collisions(all),
    ],
    "some tenant schemas cannot be used",
  );
  return all.filter(
    (target) =>
      allows(selection.services, target.service) &&
      allows(selection.databases, target.database) &&
      // A selection of tenants excludes services without tenants.
      (selection.tenants.length === 0 ||
        (target.tenant !== undefined && selection.tenants.includes(target.tenant))),
  );
}

function allTargets(fleet: FleetConfig, { listed, ids }: Roster): Target[] {
  const homes = new Map(listed.map(({ id, database }) => [id, database] as const));
  return Object.entries(fleet.services).flatMap(([service, config]): Target[] => {
    if (config.tenantSchema === undefined) return [targetOf(service, config, undefined)];
    return ids.map((tenant) => {
      const target = targetOf(service, config, tenant);
      return { ...target, database: homes.get(tenant) ?? target.database };
    });
  });
}

/** @param tenant undefined for a service with a single schema */
function targetOf(service: string, config: ServiceConfig, tenant: string | undefined): Target {
  const { database, tenantSchema, singleSchema = "public" } = config;
  if (tenant === undefined || tenantSchema === undefined)
    return { database, service, tenant: undefined, schema: singleSchema };
  return { database, service, tenant, schema: tenantSchema.replace("{tenant}", () => tenant) };
}

/** A target that an application requests. */
interface TargetRequest {
  readonly service: string;
  /** Undefined for a service with a single schema. */
  readonly tenant: string | undefined;
  /** The database with all of the tenant's schemas; undefined for the configured one. */
  readonly home: string | undefined;
}

/**
 * The target of a service for a tenant that an application requests. The configuration need not list the tenant.
 *
 * @throws FleetError `tenant` if its id is invalid, or its schema could belong to another tenant
 */
export function requestedTarget(
  fleet: FleetConfig,
  config: ServiceConfig,
  { service, tenant, home }: TargetRequest,
): Target {
  const target = targetOf(service, config, tenant);
  const problem =
    (tenant === undefined ? undefined : tenantProblem(tenant)) ??
    schemaProblem(target) ??
    sharedProblem(fleet, target) ??
    mistakenProblem(fleet, target);
  if (problem === undefined) {
    const listed = configuredTenants(fleet).find(({ id }) => id === tenant)?.database;
    return { ...target, database: home ?? listed ?? target.database };
  }
  const { message, remedy } = problem;
  throw new FleetError("tenant", message, { ...(remedy === undefined ? {} : { remedy }) });
}

/** The tenant log_acme of auth_{tenant} would get the schema of auth_log_{tenant}'s tenant acme. */
function mistakenProblem(fleet: FleetConfig, target: Target): FleetError | undefined {
  const isListed = (tenant: string) => configuredTenants(fleet).some(({ id }) => id === tenant);
  const other = Object.entries(fleet.services).find(([service, config]) => {
    if (service === target.service || config.database !== target.database) return false;
    const { tenantSchema } = config;
    if (target.tenant === undefined) return false;
    if (tenantSchema === undefined) return config.singleSchema === target.schema;
    const [before = "", behind = ""] = tenantSchema.split("{tenant}");
    const tenant = target.schema.slice(before.length, target.schema.length - behind.length);
    return (
      tenant !== "" &&
      before + tenant + behind === target.schema &&
      !(isListed(target.tenant) && !isListed(tenant))
    );
  });
  if (other === undefined) return undefined;
  return new FleetError(
    "config",
    `${nameIn(target)} maps to the schema ${target.schema}, which can also be a schema of service ${other[0]}`,
    {
      remedy:
        "Choose another tenant id, or tenantSchema patterns that cannot produce the same name.",
    },
  );
}

function allows(names: readonly string[], name: string): boolean {
  return names.length === 0 || names.includes(name);
}

/** Errors for unknown names, with similar ones in the remedy. */
export function unknownNames(
  kind: string,
  wanted: readonly string[],
  known: readonly string[],
): FleetError[] {
  return wanted
    .filter((name) => !known.includes(name))
    .map((name) => {
      const near = nearNames(name, known);
      const list =
        known.length <= 20
          ? `Known: ${known.join(", ") || "none"}.`
          : kind === "tenant"
            ? "To see all tenants, run: npx drizzle-fleet tenants list"
            : `There are ${known.length} to choose from.`;
      return new FleetError("usage", `${kind} ${quotedName(name)} does not exist`, {
        remedy: near.length > 0 ? `Did you mean ${near.join(" or ")}? ${list}` : list,
      });
    });
}

/** The known names that this one may be a misspelling of, nearest first. */
export function nearNames(name: string, known: readonly string[]): string[] {
  const limit = Math.max(1, Math.floor(name.length / 3));
  return known
    .map((candidate) => ({
      candidate,
      away: distance(name.toLowerCase(), candidate.toLowerCase()),
    }))
    .filter(({ candidate, away }) => away <= limit || candidate.startsWith(name))
    .sort((left, right) => left.away - right.away)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/**
 * Refuses an id that no tenant can have, before it is looked up.
 *
 * @throws FleetError `config`
 */
export function refuseInvalidTenantId(tenant: string): void {
  const problem = tenantProblem(tenant);
  if (problem !== undefined) throw problem;
}

function tenantProblem(tenant: string): FleetError | undefined {
  const spelled = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_.-]*$/u.test(tenant);
  if (spelled && tenant === tenant.normalize("NFC")) return undefined;
  return new FleetError("config", `the tenant id ${quotedName(tenant)} is not allowed`, {
    where: "tenants",
    remedy: spelled
      ? `Write it with composed characters, as ${JSON.stringify(tenant.normalize("NFC"))}: it looks the same, but is a different id.`
      : "Use letters, digits, _, - and . only. The first character must be a letter, a digit or _.",
  });
}

function schemaProblem(target: Target): FleetError | undefined {
  const bytes = Buffer.byteLength(target.schema);
  const where = `services.${target.service}`;
  if (bytes > longestName) {
    return new FleetError("config", `the schema name ${target.schema} is ${bytes} bytes long`, {
      where,
      remedy: `PostgreSQL would truncate it to ${longestName} bytes, and tenants could collide. Shorten the tenant's id.`,
    });
  }
  const { schema } = target;
  const owner = schema === controlSchema ? "drizzle-fleet" : "PostgreSQL";
  if (schema.startsWith("pg_") || schema === "information_schema" || schema === controlSchema) {
    return new FleetError("config", `the schema name ${schema} is reserved by ${owner}`, {
      where,
      remedy: "Choose another tenantSchema pattern or tenant id.",
    });
  }
  return undefined;
}

/** A tenant in a shared schema would get the rows of all tenants. A service without tenants can use one. */
function sharedProblem(fleet: FleetConfig, target: Target): FleetError | undefined {
  const owner = Object.entries(fleet.services).find(
    ([, { database, sharedSchemas, extensionSchema }]) =>
      database === target.database && [...sharedSchemas, extensionSchema].includes(target.schema),
  );
  if (owner === undefined || target.tenant === undefined) return undefined;
  return new FleetError(
    "config",
    `${nameIn(target)} maps to the schema ${target.schema}, which service ${owner[0]} shares among its tenants`,
    {
      where: `services.${target.service}`,
      remedy: "Choose another tenant id, or another tenantSchema pattern.",
    },
  );
}

function collisions(targets: readonly Target[]): FleetError[] {
  const owners = new Map<string, Target>();
  return targets.flatMap((target) => {
    const place = JSON.stringify([target.database, target.schema]);
    const owner = owners.get(place);
    owners.set(place, owner ?? target);
    if (owner === undefined) return [];
    return new FleetError(
      "config",
      `${nameIn(owner)} and ${nameIn(target)} map to the same schema ${target.schema} of database ${target.database}`,
      {
        where: `services.${target.service}`,
        remedy: "Give each service its own tenantSchema pattern or database.",
      },
    );
  });
}

function nameIn(target: Target): string {
  return target.tenant === undefined
    ? `service ${target.service}`
    : `service ${target.service} (tenant ${target.tenant})`;
}
