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
import { allowanceFor, fillFromFile, readable } from "../tenancy/from-file.ts";
import { type NewTenant, registeredTargets } from "../tenancy/onboarding.ts";
import { refuseInterrupted } from "../tenancy/saga.ts";
import { type LockedTenant, withTenantLock } from "../tenancy/tenant-lock.ts";

/** What is to be imported, and as whom. */
export interface ImportRequest extends Partial<NewTenant> {
  readonly file: string;
  /** True: bodies of routines in the file that cannot be proved are accepted. The caller has read them. */
  readonly acceptUnproved?: boolean;
}

/**
 * Makes a tenant from what `exportTenant` wrote, with its ledgers: it either happens, or leaves nothing behind. The file
 * is read to its end first, and its SQL is proved to make one tenant's objects and to stay in its schemas.
 *
 * @returns the tenant's id: the request's, or the one in the file
 * @throws FleetError `refused` for a file that is no such one, or not whole; `usage` when it has services that the fleet
 *   has not; `isolation`, with the file's line, for SQL that is not a tenant's; what a step throws, with everything undone
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

/** Reads the whole file, so that nothing is made of half of one, or of one that does more than make a tenant. */
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
    problems.push(...structureProblems(readable(line), allowance));
  }
  // A file without a header is refused where it is read.
  if (header === undefined) throw new Error("no header");
  if (services.length === 0) throw odd(file, "it has no service");
  if (new Set(services).size < services.length) throw odd(file, "it has a service twice");
  refuseStrangeServices(context, file, services);
  throwProblems(problems.slice(0, 10), "the file has SQL that is not a tenant's own");
  return header;
}

function odd(file: string, reason: string): FleetError {
  return new FleetError("refused", `this is no tenant that can be imported: ${reason}`, {
    where: file,
    remedy: "Export the tenant again: npx drizzle-fleet tenants export <id> <file>",
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
      fillFromFile(locked, session, target, readable(schema), rows, make),
    );
  }
}

/** Makes the extensions that some migration of a service asks for: a structure knows nothing of them. */
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

function refuseStrangeServices(
  { config }: Context,
  file: string,
  services: readonly string[],
): void {
  const known = Object.entries(config.fleet.services).flatMap(([name, { tenantSchema }]) =>
    tenantSchema === undefined ? [] : [name],
  );
  const strange = services.filter((service) => !known.includes(service));
  if (strange.length === 0) return;
  throw new FleetError("usage", `the file has what ${strange.join(" and ")} keeps`, {
    where: file,
    remedy: `The fleet's services with tenants are ${known.join(", ")}. Nothing was changed.`,
  });
}
