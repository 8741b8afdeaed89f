import { packageVersion } from "../config/version.ts";
import { FleetError, isFleetError } from "../core/errors.ts";
import type { Template } from "../core/template.ts";
import type { TenantRecord } from "../core/tenant.ts";
import type { FileHeader, TenantFile } from "../dump/file/format.ts";
import { type TenantFileWriter, writeTenantFile } from "../dump/file/write.ts";
import { readRows } from "../dump/rows/stream.ts";
import { readStructure } from "../dump/structure.ts";
import type { StructureDump } from "../dump/types.ts";
import { targetError } from "../fleet/target-errors.ts";
import { withRollback } from "../postgres/rollback.ts";
import { beginSnapshot } from "../rollout/step-run.ts";
import { refuseIncomplete } from "../tenants/records.ts";
import {
  disableTimeouts,
  type LockedSchema,
  type LockMode,
  tableLocks,
  withSchemaLocks,
} from "./copying.ts";
import { registeredTargets, registeredTenant } from "./onboarding.ts";
import { refuseInterrupted } from "./saga.ts";
import { withRetries } from "./targets.ts";
import type { LockedTenant } from "./tenant-lock.ts";

/** The part of a tenant file for one service. */
export interface Exported {
  readonly source: LockedSchema;
  /** The structure as written to the file. */
  readonly structure: StructureDump;
}

/** Callbacks of an export, called while the schemas are locked against writes. */
export interface AfterExport {
  /** Called with the locks held, before anything is written. */
  readonly first: () => Promise<void>;
  /** Called with the complete temporary file, before it is renamed. */
  readonly check: (exported: readonly Exported[], partial: TenantFile) => Promise<void>;
  /** Called after the file has its final name. */
  readonly last: (sources: readonly LockedSchema[]) => Promise<void>;
}

/**
 * Writes a locked tenant to a file.
 *
 * @param then callbacks that run under the same locks; if given, writers wait until they have finished
 * @throws FleetError `tenant` for an incomplete tenant, or one without a schema; `write` if the file exists
 */
export async function exportLocked(
  locked: LockedTenant,
  file: string,
  then?: AfterExport,
): Promise<void> {
  const record = await registeredTenant(locked);
  refuseIncomplete(record);
  await disableTimeouts(locked.registry);
  const mode = then === undefined ? "ACCESS SHARE" : "SHARE";
  await withSchemaLocks(locked, await registeredTargets(locked), async (sources) => {
    for (const source of sources)
      await withRetries(locked, source.target, () => beginReading(locked, source, mode));
    if (sources.length === 0) throw noSchemaError(record.id);
    await then?.first();
    const exported: Exported[] = [];
    await writeTenantFile(
      file,
      async (writer) => {
        await writer.write(headerOf(record));
        for (const source of sources)
          exported.push({ source, structure: await writeSchema(locked, source, writer) });
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

/** Begins the transaction that reads structure and rows, so that both show the same moment. */
async function beginReading(
  locked: LockedTenant,
  source: LockedSchema,
  mode: LockMode,
): Promise<void> {
  const { session } = source;
  const locks = await tableLocks(locked, source, mode);
  await withRollback(session, () => session.script([beginSnapshot, ...locks].join(";\n")));
}

async function writeSchema(
  { context }: LockedTenant,
  { session, target }: LockedSchema,
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

function noSchemaError(tenant: string): FleetError {
  return new FleetError("tenant", `tenant ${tenant} has no schema to export`, {
    remedy: `To create its schemas, run: npx drizzle-fleet migrate --tenant ${tenant}`,
  });
}
