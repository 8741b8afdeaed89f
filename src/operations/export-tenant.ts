import { packageVersion } from "../config/version.ts";
import { FleetError, isFleetError } from "../core/errors.ts";
import type { Template } from "../core/template.ts";
import { readRows } from "../dump/stream.ts";
import { readStructure } from "../dump/structure.ts";
import { type TenantFileWriter, writeTenantFile } from "../dump/tenant-file.ts";
import { orRollback } from "../postgres/rollback.ts";
import { beginSnapshot } from "../rollout/run.ts";
import type { Context } from "./context.ts";
import { beyondTimeouts, holdSources, type Source, tableLocks } from "./copying.ts";
import { registered, registeredTargets } from "./onboarding.ts";
import { refuseInterrupted } from "./saga.ts";
import { targetError } from "./tenant-errors.ts";
import { refuseHalf } from "./tenant-sources.ts";
import { holdTenant, persistently, type TenantHold } from "./tenant-work.ts";

/** Which tenant is to be written where. */
export interface ExportRequest {
  readonly tenant: string;
  /** Packed with gzip, when it ends with `.gz`. */
  readonly file: string;
}

/**
 * Writes all that is a tenant's into a file: attributes, structure, rows, ledgers. What each service keeps is written as
 * it is at one moment.
 *
 * @throws FleetError `tenant` for one that is not there as a whole; `write` when there is such a file already
 */
export function exportTenant(context: Context, { tenant, file }: ExportRequest): Promise<void> {
  return holdTenant(context, tenant, (hold) => exportHeld(hold, file));
}

/**
 * As `exportTenant`, for whoever holds the tenant.
 *
 * @param last what to do when the file is there, with the schemas still held; then nobody may write meanwhile
 */
export async function exportHeld(
  hold: TenantHold,
  file: string,
  last?: (sources: readonly Source[]) => Promise<void>,
): Promise<void> {
  const record = await registered(hold);
  refuseHalf(record);
  await beyondTimeouts(hold.registry);
  const mode = last === undefined ? "ACCESS SHARE" : "SHARE";
  await holdSources(hold, await registeredTargets(hold), async (sources) => {
    for (const source of sources)
      await persistently(hold, source.target, () => beginReading(hold, source, mode));
    const { id: tenant, attributes } = record;
    if (sources.length === 0) throw empty(tenant);
    await writeTenantFile(file, async (writer) => {
      const writtenBy = `drizzle-fleet ${packageVersion()}`;
      const writtenAt = new Date().toISOString();
      await writer.write({ kind: "tenant", format: 1, tenant, attributes, writtenBy, writtenAt });
      for (const source of sources)
        await writeSchema(hold, source, writer).catch((error: unknown) => {
          throw isFleetError(error) ? error : targetError(source.target, error);
        });
    });
    await last?.(sources);
  });
}

/** Structure and rows are read in one transaction, so that they fit together whatever others do meanwhile. */
async function beginReading(
  hold: TenantHold,
  source: Source,
  mode: "ACCESS SHARE" | "SHARE",
): Promise<void> {
  const { session } = source;
  const locks = await tableLocks(hold, source, mode);
  await orRollback(session, () => session.script([beginSnapshot, ...locks].join(";\n")));
}

async function writeSchema(
  { context }: TenantHold,
  { session, target: { schema, service } }: Source,
  { write }: TenantFileWriter,
): Promise<void> {
  refuseInterrupted(context);
  const { preData, postData, sequences, tables, server } = await readStructure(session, schema);
  const copies = (templates: readonly Template[]) => templates.map((pieces) => [...pieces]);
  await write({
    ...{ kind: "schema", service, server },
    ...{ preData: copies(preData), postData: copies(postData), sequences: [...sequences] },
  });
  for await (const rows of readRows(session, schema, tables)) {
    refuseInterrupted(context);
    await write(rows);
  }
}

function empty(tenant: string): FleetError {
  return new FleetError("tenant", `tenant ${tenant} has no schema to export`, {
    remedy: `Make one: drizzle-fleet migrate --tenant ${tenant}`,
  });
}
