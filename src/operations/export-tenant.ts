import { packageVersion } from "../config/version.ts";
import { FleetError, isFleetError } from "../core/errors.ts";
import type { Template } from "../core/template.ts";
import type { TenantRecord } from "../core/tenant.ts";
import { readRows } from "../dump/stream.ts";
import { readStructure } from "../dump/structure.ts";
import {
  type FileHeader,
  type TenantFile,
  type TenantFileWriter,
  writeTenantFile,
} from "../dump/tenant-file.ts";
import type { StructureDump } from "../dump/types.ts";
import type { Context } from "../fleet/context.ts";
import { refuseIncomplete } from "../fleet/roster.ts";
import { withRollback } from "../postgres/rollback.ts";
import { beginSnapshot } from "../rollout/run.ts";
import {
  beyondTimeouts,
  holdSources,
  type LockMode,
  type Source,
  tableLocks,
} from "../tenancy/copying.ts";
import { targetError } from "../tenancy/errors.ts";
import { registeredTargets, registeredTenant } from "../tenancy/onboarding.ts";
import { refuseInterrupted } from "../tenancy/saga.ts";
import { type LockedTenant, withRetries, withTenantLock } from "../tenancy/tenant-lock.ts";

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
  return withTenantLock(context, tenant, (hold) => exportHeld(hold, file));
}

/** A service's part of a file that is being written. */
export interface Exported {
  readonly source: Source;
  /** What was written of it. */
  readonly structure: StructureDump;
}

/** What is done with an exported tenant while its schemas are locked against writers. */
export interface AfterExport {
  /** When the locks are taken, and nothing is written yet. */
  readonly first: () => Promise<void>;
  /** When all is written, before the file has its name. */
  readonly check: (exported: readonly Exported[], partial: TenantFile) => Promise<void>;
  /** When the file is there. */
  readonly last: (sources: readonly Source[]) => Promise<void>;
}

/**
 * As `exportTenant`, for whoever holds the tenant.
 *
 * @param then when it is given, writers wait until it is done
 */
export async function exportHeld(
  hold: LockedTenant,
  file: string,
  then?: AfterExport,
): Promise<void> {
  const record = await registeredTenant(hold);
  refuseIncomplete(record);
  await beyondTimeouts(hold.registry);
  const mode = then === undefined ? "ACCESS SHARE" : "SHARE";
  await holdSources(hold, await registeredTargets(hold), async (sources) => {
    for (const source of sources)
      await withRetries(hold, source.target, () => beginReading(hold, source, mode));
    if (sources.length === 0) throw empty(record.id);
    await then?.first();
    const exported: Exported[] = [];
    await writeTenantFile(
      file,
      async (writer) => {
        await writer.write(headerOf(record));
        for (const source of sources)
          exported.push({ source, structure: await writeSchema(hold, source, writer) });
      },
      (partial) => then?.check(exported, partial) ?? Promise.resolve(),
    );
    await then?.last(sources);
  });
}

function headerOf({ id: tenant, attributes }: TenantRecord): FileHeader {
  const writtenBy = `drizzle-fleet ${packageVersion()}`;
  const writtenAt = new Date().toISOString();
  return { kind: "tenant", format: 1, tenant, attributes, writtenBy, writtenAt };
}

/** Structure and rows are read in one transaction, so that they fit together whatever others do meanwhile. */
async function beginReading(hold: LockedTenant, source: Source, mode: LockMode): Promise<void> {
  const { session } = source;
  const locks = await tableLocks(hold, source, mode);
  await withRollback(session, () => session.script([beginSnapshot, ...locks].join(";\n")));
}

async function writeSchema(
  { context }: LockedTenant,
  { session, target }: Source,
  { write }: TenantFileWriter,
): Promise<StructureDump> {
  const { schema, service } = target;
  refuseInterrupted(context);
  const copies = (templates: readonly Template[]) => templates.map((pieces) => [...pieces]);
  try {
    const structure = await readStructure(session, schema);
    const { preData, postData, sequences, tables, server } = structure;
    await write({
      ...{ kind: "schema", service, server },
      ...{ preData: copies(preData), postData: copies(postData), sequences: [...sequences] },
    });
    for await (const rows of readRows(session, schema, tables)) {
      refuseInterrupted(context);
      await write(rows);
    }
    return structure;
  } catch (error) {
    throw isFleetError(error) ? error : targetError(target, error);
  }
}

function empty(tenant: string): FleetError {
  return new FleetError("tenant", `tenant ${tenant} has no schema to export`, {
    remedy: `Make one: drizzle-fleet migrate --tenant ${tenant}`,
  });
}
