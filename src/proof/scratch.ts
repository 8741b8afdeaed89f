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

/** The database of the embedded server in which proofs run. */
const scratchDatabase = "drizzle_fleet_check";

/**
 * Opens a session to the database in which proofs create their scratch schemas, and closes it after `use`.
 *
 * @param url the URL of the database; undefined for the configured one, or the embedded server if none is configured
 * @throws FleetError `config` for an invalid URL; `embedded` if the embedded server is needed and cannot start
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

/** Whether and where new SQL is tested on a server. */
export interface ProofOptions {
  /** False to skip the test; default: true. */
  readonly proof?: boolean;
  /** The URL of the database; undefined for the configured one, or the embedded server. */
  readonly database?: string | undefined;
}

/**
 * Tests new SQL on a server, unless `--no-proof` is given or the embedded server cannot start.
 *
 * @param needed false if there is nothing to test: no server is started
 * @returns the result of `use`; a string is the reason why nothing was tested
 */
export async function onServer<Result>(
  context: Context,
  needed: boolean,
  { proof = true, database }: ProofOptions,
  use: (session: Session) => Promise<Result>,
): Promise<Result | string> {
  if (!needed) return "there is nothing to test";
  if (!proof) return "--no-proof";
  try {
    return await withScratch(context, database, use);
  } catch (error) {
    if (!isFleetError(error) || error.code !== "embedded") throw error;
    return error.remedy === undefined ? error.message : `${error.message}. ${error.remedy}`;
  }
}

/** A bench for one service's migrations, with the settings of its configuration. */
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
