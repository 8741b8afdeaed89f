import { proofUrl, refuseInvalidUrl } from "../config/environment.ts";
import { type ServiceConfig, sourceSchemasOf } from "../config/schema.ts";
import { packageVersion } from "../config/version.ts";
import type { DatabaseAddress } from "../core/database.ts";
import { isFleetError } from "../core/errors.ts";
import { type Context, letFinish } from "../fleet/context.ts";
import { embeddedOptions } from "../fleet/databases.ts";
import { allowanceOf, sharedSchemasOf } from "../fleet/services.ts";
import { type Session, withSession } from "../postgres/session.ts";
import type { Bench } from "../proof/bench.ts";

/** The database on the embedded server that proofs are made in. */
const scratchDatabase = "drizzle_fleet_check";

/**
 * Opens a session to a database for proofs, which work in schemas of their own.
 *
 * @param url a database to work in; undefined for the configured one, and without it the embedded server
 * @throws FleetError `embedded` where no server is configured and none can be started
 */
export async function withScratch<Result>(
  context: Context,
  url: string | undefined,
  use: (session: Session) => Promise<Result>,
): Promise<Result> {
  const connect = {
    waitMs: context.config.fleet.connectTimeout,
    signal: context.signal,
    refuseUnknownHost: true,
  };
  // An interruption must not leave scratch schemas.
  const open = (address: DatabaseAddress) =>
    letFinish(context, () => withSession(address, connect, use));
  if (url !== undefined) refuseInvalidUrl(url, "--database");
  const given = url ?? proofUrl(context.config.fleet, context.environment);
  if (given !== undefined) return open({ name: "check", url: given });
  const { acquireEmbedded } = await import("../dev/embedded.ts");
  const server = await acquireEmbedded(embeddedOptions(context), [scratchDatabase]);
  try {
    return await open(server.addressOf(scratchDatabase));
  } finally {
    await server.release();
  }
}

/** Whether and where new SQL is tried on a server. */
export interface ProofOptions {
  /** False: not at all. */
  readonly proof?: boolean;
  /** The database; undefined for the configured one, or the embedded server. */
  readonly database?: string | undefined;
}

/**
 * Tries something on a server, where that is wanted and there is one.
 *
 * @param needed false: there is nothing to try, and no server is started
 * @returns what `use` gives; or, in words, why nothing was tried
 */
export async function onServer<Result>(
  context: Context,
  needed: boolean,
  { proof = true, database }: ProofOptions,
  use: (session: Session) => Promise<Result>,
): Promise<Result | string> {
  if (!needed) return "there is nothing to try";
  if (!proof) return "--no-proof";
  try {
    return await withScratch(context, database, use);
  } catch (error) {
    if (!isFleetError(error) || error.code !== "embedded") throw error;
    return error.remedy === undefined ? error.message : `${error.message}. ${error.remedy}`;
  }
}

/** Where one service's migrations are tried out. */
export function benchOf(
  context: Context,
  session: Session,
  service: string,
  config: ServiceConfig,
): Bench {
  return {
    session,
    service,
    allowanceOf: (tag, reverts) => allowanceOf(config, tag, reverts),
    sharedSchemas: sharedSchemasOf(config),
    foreignSchemas: config.sharedSchemas.filter(
      (schema) => schema !== config.extensionSchema && !sourceSchemasOf(config).includes(schema),
    ),
    extensionSchema: config.extensionSchema,
    timeouts: context.config.fleet.timeouts,
    by: `drizzle-fleet ${packageVersion()}`,
  };
}
