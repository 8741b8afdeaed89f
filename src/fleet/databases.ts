import { resolve } from "node:path";
import { applicationRole, resolveDatabases } from "../config/environment.ts";
import type { DatabaseAddress } from "../core/database.ts";
import type { Target } from "../core/target.ts";
import type { EmbeddedOptions } from "../dev/embedded.ts";
import { type Context, letFinish, notifyOnce } from "./context.ts";

/** The databases of a run, reachable for as long as the operation lasts. */
export interface OpenDatabases {
  readonly embedded: boolean;
  readonly addressOf: (name: string) => DatabaseAddress;
  /** The application role; undefined if none is configured besides the role that owns the schemas. */
  readonly applicationRoleOf: (name: string) => string | undefined;
  /** On the embedded server: how the application role connects. */
  readonly applicationAddressOf?: (name: string) => DatabaseAddress;
}

/** The databases of some targets, without duplicates. */
export function databasesOf(targets: readonly Target[]): string[] {
  return [...new Set(targets.map(({ database }) => database))];
}

/** Where the embedded server keeps its data. */
export function embeddedOptions({ config }: Context): EmbeddedOptions {
  const { embedded, roles } = config.fleet;
  const folder = resolve(config.root, embedded.folder);
  const createsRoles = roles === "per-tenant";
  return { root: config.root, folder, port: embedded.port, createsRoles };
}

/**
 * Gives `use` the named databases: at their configured URLs, or on the embedded server, which runs until `use` ends.
 *
 * @throws FleetError `config` for a database without a URL if the embedded server is not allowed
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
  const reason = `${databases.variables.join(" and ")} not set`;
  return letFinish(context, () => onEmbedded(context, databases.names, reason, use));
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
  const { folder } = context.config.fleet.embedded;
  notifyOnce(
    context,
    `${reason}:\nembedded PostgreSQL on 127.0.0.1:${server.port}, data in ${folder}`,
  );
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

function found(address: DatabaseAddress | undefined, name: string): DatabaseAddress {
  if (address === undefined) throw new Error(`database ${name} was not opened`);
  return address;
}
