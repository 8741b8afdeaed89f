import { FleetError, throwProblems } from "../core/errors.ts";
import type { OnboardingObserver } from "../core/onboarding.ts";
import type { Target } from "../core/target.ts";
import type { FileHeader } from "../dump/file/format.ts";
import { structureProblems } from "../dump/file/proven-structure.ts";
import { readServices, readTenantFile } from "../dump/file/read.ts";
import type { Context } from "../fleet/context.ts";
import { readHistories } from "../fleet/open-fleet.ts";
import { allowanceOf } from "../fleet/services.ts";
import { ensureExtensions } from "../postgres/extensions.ts";
import { loadParser } from "../sql/parser.ts";
import { readStatements } from "../sql/read-statements.ts";
import { makeCopy, makeSchema } from "../tenancy/copying.ts";
import { allowanceFor, fillFromFile, importable } from "../tenancy/from-file.ts";
import { type NewTenant, registeredTargets } from "../tenancy/onboarding.ts";
import { refuseInterrupted } from "../tenancy/saga.ts";
import { type LockedTenant, withTenantLock } from "../tenancy/tenant-lock.ts";

/** The file to import. The optional tenant id, attributes and database override those in the file. */
export interface ImportRequest extends Partial<NewTenant> {
  /** The path of a file that `exportTenant` wrote. */
  readonly file: string;
  /** True: accept bodies of routines that cannot be proved. Review them first. */
  readonly acceptUnproved?: boolean;
}

/**
 * Creates a tenant from a file that `exportTenant` wrote, with its ledgers. The complete file is read first, and its SQL
 * is proved to stay in the schemas of the tenant. If a step fails, everything is undone.
 *
 * @param observe receives an event when a step starts, ends, fails or is undone
 * @returns the tenant id, from the request or the file
 * @throws FleetError `refused` for an incomplete or invalid file; `usage` if the file contains services that the fleet does
 *   not have; `isolation`, with the line of the file, for SQL that is not allowed; `tenant` if the tenant exists, or if
 *   another command is working on it; `onboarding` if a step fails
 * @example
 * const tenant = await importTenant(context, { file: "acme.gz", tenant: "acme_copy" });
 */
export async function importTenant(
  context: Context,
  request: ImportRequest,
  observe: OnboardingObserver = () => undefined,
): Promise<string> {
  const header = await inspect(context, request);
  const tenant = request.tenant ?? header.tenant;
  const attributes = { ...header.attributes, ...request.attributes };
  await withTenantLock(context, tenant, (locked) =>
    makeCopy(
      locked,
      {
        ...{ tenant, attributes },
        ...(request.database === undefined ? {} : { database: request.database }),
      },
      () => copyIn(locked, request.file),
      observe,
    ),
  );
  return tenant;
}

/** Reads the complete file before anything is created, to refuse incomplete files and SQL that is not allowed. */
async function inspect(
  context: Context,
  { file, acceptUnproved = false }: ImportRequest,
): Promise<FileHeader> {
  let header: FileHeader | undefined;
  const services: string[] = [];
  const problems: FleetError[] = [];
  await loadParser();
  for await (const line of readTenantFile({ path: file })) {
    if (line.kind === "tenant") header = line;
    if (line.kind !== "schema") continue;
    services.push(line.service);
    const config = context.config.fleet.services[line.service];
    if (config === undefined) continue;
    const allowance = await allowanceFor(context, line.service, config, acceptUnproved);
    problems.push(...structureProblems(importable(line), allowance));
  }
  // `readTenantFile` refuses a file without a header.
  if (header === undefined) throw new Error("no header");
  if (services.length === 0) throw invalidFileError(file, "it contains no service");
  if (new Set(services).size < services.length)
    throw invalidFileError(file, "it contains a service twice");
  refuseUnknownServices(context, file, services);
  throwProblems(problems.slice(0, 10), "the file contains SQL that is not allowed");
  return header;
}

function invalidFileError(file: string, reason: string): FleetError {
  return new FleetError("refused", `the file cannot be imported: ${reason}`, {
    where: file,
    remedy: "To export the tenant again, run: npx drizzle-fleet tenants export <tenant> <file>",
  });
}

async function copyIn(locked: LockedTenant, file: string): Promise<void> {
  const targets = await registeredTargets(locked);
  await createExtensions(locked, targets);
  for await (const { schema, rows } of readServices({ path: file })) {
    const target = targets.find(({ service }) => service === schema.service);
    if (target === undefined) throw new Error(`no service ${schema.service}`);
    refuseInterrupted(locked.context);
    await makeSchema(locked, target, [], (session, make) =>
      fillFromFile(locked, session, target, importable(schema), rows, make),
    );
  }
}

/** Creates the extensions that the migrations of the services create: a tenant file does not contain them. */
async function createExtensions(
  { context, sessionFor }: LockedTenant,
  targets: readonly Target[],
): Promise<void> {
  const histories = await readHistories(context, targets);
  await loadParser();
  for (const { service, database } of targets) {
    const config = context.config.fleet.services[service];
    if (config?.extensionSchema === undefined) continue;
    const names = (histories.get(service)?.migrations ?? []).flatMap(
      ({ file, text, tag }) => readStatements(file, text, allowanceOf(config, tag), []).extensions,
    );
    await ensureExtensions(await sessionFor(database), config.extensionSchema, names);
  }
}

function refuseUnknownServices(
  { config }: Context,
  file: string,
  services: readonly string[],
): void {
  const known = Object.entries(config.fleet.services).flatMap(([name, { tenantSchema }]) =>
    tenantSchema === undefined ? [] : [name],
  );
  const unknown = services.filter((service) => !known.includes(service));
  if (unknown.length === 0) return;
  throw new FleetError(
    "usage",
    `the file contains services that have no tenants in this fleet: ${unknown.join(", ")}`,
    {
      where: file,
      remedy: `Nothing was changed. Import the file into a fleet with the same services, or add the missing ones to the configuration. Services with tenants here: ${known.join(", ") || "none"}.`,
    },
  );
}
