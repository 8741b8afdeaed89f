import { FleetError } from "../core/errors.ts";
import type { OnboardingObserver } from "../core/onboarding.ts";
import type { Target } from "../core/target.ts";
import { setSequences } from "../dump/content.ts";
import { setForRows, writeRows } from "../dump/stream.ts";
import { type FileHeader, readSchemas, readTenantFile } from "../dump/tenant-file.ts";
import { ensureExtensions } from "../postgres/extensions.ts";
import { loadParser } from "../sql/parser.ts";
import { readStatements } from "../sql/read-statements.ts";
import type { Context } from "./context.ts";
import { makeCopy, makeSchema } from "./copying.ts";
import { type NewTenant, registeredTargets } from "./onboarding.ts";
import { readHistories } from "./plan-fleet.ts";
import { refuseInterrupted } from "./saga.ts";
import { allowanceOf } from "./services.ts";
import { holdTenant, type TenantHold } from "./tenant-work.ts";

/** What is to be imported, and as whom. */
export interface ImportRequest extends Partial<NewTenant> {
  readonly file: string;
}

/**
 * Makes a tenant from what `exportTenant` wrote, with its ledgers: it either happens, or leaves nothing behind. The file
 * is read to its end first. The SQL in it is run, so it must come from somebody who is trusted.
 *
 * @returns the tenant's id: the request's, or the one in the file
 * @throws FleetError `refused` for a file that is no such one, or not whole; `usage` when it has services that the fleet
 *   has not; what a step throws, with everything undone
 */
export async function importTenant(
  context: Context,
  request: ImportRequest,
  observe: OnboardingObserver = () => undefined,
): Promise<string> {
  const { header, services } = await inspect(request.file);
  refuseStrangeServices(context, request.file, services);
  const tenant = request.tenant ?? header.tenant;
  const attributes = { ...header.attributes, ...request.attributes };
  await holdTenant(context, tenant, (hold) =>
    makeCopy(
      hold,
      {
        ...{ tenant, attributes },
        ...(request.database === undefined ? {} : { database: request.database }),
      },
      () => copyIn(hold, request.file),
      observe,
    ),
  );
  return tenant;
}

/** Reads the whole file, so that nothing is made of half of one. */
async function inspect(file: string): Promise<{ header: FileHeader; services: string[] }> {
  let header: FileHeader | undefined;
  const services: string[] = [];
  for await (const line of readTenantFile(file)) {
    if (line.kind === "tenant") header = line;
    if (line.kind === "schema") services.push(line.service);
  }
  // A file without a header is refused where it is read.
  if (header === undefined) throw new Error("no header");
  if (services.length === 0) throw odd(file, "it has no service");
  if (new Set(services).size < services.length) throw odd(file, "it has a service twice");
  return { header, services };
}

function odd(file: string, reason: string): FleetError {
  return new FleetError("refused", `this is no tenant that can be imported: ${reason}`, {
    where: file,
    remedy: "Export the tenant again: drizzle-fleet tenants export <id> <file>",
  });
}

async function copyIn(hold: TenantHold, file: string): Promise<void> {
  const targets = await registeredTargets(hold);
  await createExtensions(hold, targets);
  for await (const { schema, rows } of readSchemas(file)) {
    const target = targets.find(({ service }) => service === schema.service);
    if (target === undefined) throw new Error(`no service ${schema.service}`);
    refuseInterrupted(hold.context);
    await makeSchema(hold, target, [], async (session, make) => {
      await make(schema.preData);
      await setForRows(session, target.schema);
      for await (const some of rows) {
        refuseInterrupted(hold.context);
        await writeRows(session, target.schema, some);
      }
      await make([...setSequences(schema.sequences).map((text) => [text]), ...schema.postData]);
      return schema;
    });
  }
}

/** Makes the extensions that some migration of a service asks for: a structure knows nothing of them. */
async function createExtensions(
  { context, sessionFor }: TenantHold,
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
