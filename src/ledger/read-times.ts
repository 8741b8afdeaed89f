import { quoteLiteral } from "../core/quoting.ts";
import type { Session } from "../postgres/session.ts";
import { readInBatches } from "./batches.ts";
import { ledgerOf } from "./table.ts";

/**
 * Reads when some migrations were applied, in the ledgers of many tenant schemas in one database.
 *
 * @param schemas unquoted names of schemas with a ledger that the role may read
 * @returns the times by tag, for each schema; a ledger that is locked has none
 */
export async function readAppliedTimes(
  session: Session,
  schemas: readonly string[],
  tags: readonly string[],
): Promise<Map<string, ReadonlyMap<string, Date>>> {
  const list = tags.map(quoteLiteral).join(", ");
  const read = async (batch: readonly string[]) => {
    const selects = batch.map(
      (schema, index) =>
        `SELECT ${index} AS index, tag, applied_at FROM ${ledgerOf(schema)} WHERE applied = statements AND tag IN (${list})`,
    );
    const rows = await session.query<{ index: number; tag: string; applied_at: Date }>(
      selects.join("\nUNION ALL\n"),
    );
    const times = new Map<string, Map<string, Date>>(batch.map((schema) => [schema, new Map()]));
    for (const { index, tag, applied_at: at } of rows)
      times.get(batch[index] ?? "")?.set(tag, new Date(at));
    return times;
  };
  const found = await readInBatches(session, tags.length === 0 ? [] : schemas, read);
  return new Map([...found].map(([schema, times]) => [schema, times ?? new Map<string, Date>()]));
}
