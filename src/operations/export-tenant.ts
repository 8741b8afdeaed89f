import { packageVersion } from "../config/version.ts";
import { FleetError, isFleetError } from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import type { Template } from "../core/template.ts";
import { readRows } from "../dump/stream.ts";
import { readStructure } from "../dump/structure.ts";
import { type TenantFileWriter, writeTenantFile } from "../dump/tenant-file.ts";
import type { Session } from "../postgres/session.ts";
import { beginSnapshot } from "../rollout/run.ts";
import type { Context } from "./context.ts";
import { holdSource } from "./copying.ts";
import { registered, registeredTargets } from "./onboarding.ts";
import { refuseInterrupted } from "./saga.ts";
import { targetError } from "./tenant-errors.ts";
import { refuseHalf } from "./tenant-sources.ts";
import { holdTenant, type TenantHold } from "./tenant-work.ts";

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

/** As `exportTenant`, for whoever holds the tenant. */
export async function exportHeld(hold: TenantHold, file: string): Promise<void> {
  const record = await registered(hold);
  refuseHalf(record);
  await writeTenantFile(file, async (writer) => {
    const { id: tenant, attributes } = record;
    const writtenBy = `drizzle-fleet ${packageVersion()}`;
    const writtenAt = new Date().toISOString();
    await writer.write({ kind: "tenant", format: 1, tenant, attributes, writtenBy, writtenAt });
    let schemas = 0;
    for (const target of await registeredTargets(hold)) {
      refuseInterrupted(hold.context);
      await holdSource(hold, target, async (session) => {
        schemas += 1;
        await writeSchema(hold, session, target, writer).catch((error: unknown) => {
          throw isFleetError(error) ? error : targetError(target, error);
        });
      });
    }
    if (schemas === 0) throw empty(tenant);
  });
}

/** Structure and rows are read in one transaction, so that they fit together whatever others do meanwhile. */
async function writeSchema(
  { context }: TenantHold,
  session: Session,
  { schema, service }: Target,
  { write }: TenantFileWriter,
): Promise<void> {
  const { lock } = context.config.fleet.timeouts;
  await session.script(
    [
      beginSnapshot,
      `SET LOCAL lock_timeout = ${lock}`,
      "SET LOCAL statement_timeout = 0",
      "SET LOCAL idle_in_transaction_session_timeout = 0",
    ].join(";\n"),
  );
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
  await session.query("ROLLBACK");
}

function empty(tenant: string): FleetError {
  return new FleetError("tenant", `tenant ${tenant} has no schema to export`, {
    remedy: `Make one: drizzle-fleet migrate --tenant ${tenant}`,
  });
}
