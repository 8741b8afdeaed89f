import { resolve } from "node:path";
import { applicationRole, type Environment, resolveDatabases } from "../config/environment.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { DatabaseAddress } from "../core/database.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import type { EmbeddedOptions } from "../dev/embedded.ts";
import { resolveTargets, type Selection, tenantsOf } from "../tenants/targets.ts";

/** What every operation needs to know of its surroundings. */
export interface Context {
  readonly config: LoadedConfig;
  readonly environment: Environment;
  /** Reports something that is not the result: one line, without a newline. */
  readonly notify: (line: string) => void;
  /** Aborted: running work finishes, nothing new starts. */
  readonly signal?: AbortSignal;
  /** Aborted, after `signal`: running work is cancelled. */
  readonly cancel?: AbortSignal;
  /** Call it when work begins that an interruption must let finish; call what it returns when the work has finished. */
  readonly begin?: () => () => void;
}

/** Does work that an interruption lets finish: it heeds `signal` itself, or is over in a moment. */
export async function letFinish<Result>(
  { begin }: Context,
  work: () => Promise<Result>,
): Promise<Result> {
  const finished = begin?.();
  try {
    return await work();
  } finally {
    finished?.();
  }
}

/**
 * Writes what a verb has prepared: all of it, also if it is interrupted meanwhile.
 *
 * @throws FleetError `interrupted` when that was before, and then nothing is written
 */
export async function unlessInterrupted<Result>(
  context: Context,
  write: () => Promise<Result>,
): Promise<Result> {
  if (context.signal?.aborted === true)
    throw new FleetError("interrupted", "interrupted", { remedy: "Nothing was written." });
  return letFinish(context, write);
}

/** The databases of a run, open for as long as the operation lasts. */
export interface OpenDatabases {
  readonly embedded: boolean;
  readonly addressOf: (name: string) => DatabaseAddress;
  /** The role that applications connect as; undefined when none is configured beside the one that owns the schemas. */
  readonly applicationRoleOf: (name: string) => string | undefined;
  /** On the embedded server: how that role gets in. */
  readonly applicationAddressOf?: (name: string) => DatabaseAddress;
}

/** The targets that the selection and `TENANTS` give. */
export function selectTargets(context: Context, selection: Selection): Target[] {
  const { fleet } = context.config;
  return resolveTargets(fleet, tenantsOf(fleet, context.environment.TENANTS), selection);
}

/** Absolute path of a service's migrations folder. */
export function migrationsFolder(context: Context, service: string): string {
  return resolve(context.config.root, context.config.fleet.services[service]?.out ?? "");
}

/** Where the embedded server keeps its data. */
export function embeddedOptions({ config }: Context): EmbeddedOptions {
  const { embedded, roles } = config.fleet;
  const folder = resolve(config.root, embedded.folder);
  const createsRoles = roles === "per-tenant";
  return { root: config.root, folder, port: embedded.port, createsRoles };
}

/** Whoever asks for databases within the use of others need not hear of the embedded server again. */
let announced = false;

/**
 * Gives `use` the named databases: at their configured URLs, or on the embedded server, which runs meanwhile.
 */
export async function withDatabases<Result>(
  context: Context,
  names: readonly string[],
  use: (databases: OpenDatabases) => Promise<Result>,
): Promise<Result> {
  const databases = resolveDatabases(context.config.fleet, names, context.environment);
  if (databases.kind === "configured") {
    const byName = new Map(databases.addresses.map((address) => [address.name, address]));
    return use({
      embedded: false,
      addressOf: (name) => found(byName.get(name), name),
      applicationRoleOf: (name) => applicationRole(context.config.fleet, name, context.environment),
    });
  }
  const said = `${databases.variables.join(" and ")} not set`;
  return letFinish(context, () => onEmbedded(context, databases.names, said, use));
}

async function onEmbedded<Result>(
  context: Context,
  names: readonly string[],
  reason: string,
  use: (databases: OpenDatabases) => Promise<Result>,
): Promise<Result> {
  const { acquireEmbedded } = await import("../dev/embedded.ts");
  const { applicationUser } = await import("../dev/roles.ts");
  const server = await acquireEmbedded(embeddedOptions(context), names);
  if (!announced)
    context.notify(
      `${reason}:\nembedded PostgreSQL on 127.0.0.1:${server.port}, data in ${context.config.fleet.embedded.folder}`,
    );
  announced = true;
  try {
    return await use({
      embedded: true,
      addressOf: server.addressOf,
      applicationRoleOf: () => applicationUser,
      applicationAddressOf: server.applicationAddressOf,
    });
  } finally {
    await server.release();
  }
}

/**
 * Two names in the configuration may mean one database: then their targets must not share a schema either.
 *
 * @param identities what the server itself says of each database; equal for the same one, however it was reached
 */
export function refuseSharedSchemas(
  targets: readonly Target[],
  identities: ReadonlyMap<string, string>,
): void {
  const owners = new Map<string, Target>();
  const problems = targets.flatMap((target) => {
    const place = JSON.stringify([identities.get(target.database), target.schema]);
    const owner = owners.get(place) ?? target;
    owners.set(place, owner);
    if (owner === target) return [];
    return new FleetError(
      "config",
      `services ${owner.service} and ${target.service} map to one schema, ${target.schema}: databases ${owner.database} and ${target.database} are the same`,
      {
        remedy:
          "Correct one of the connection URLs, or give each service its own tenantSchema pattern.",
      },
    );
  });
  throwProblems(problems, "some tenant schemas cannot be used");
}

function found(address: DatabaseAddress | undefined, name: string): DatabaseAddress {
  if (address === undefined) throw new Error(`database ${name} was not opened`);
  return address;
}
