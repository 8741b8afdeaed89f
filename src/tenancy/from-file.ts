import type { ServiceConfig } from "../config/schema.ts";
import type { Target } from "../core/target.ts";
import type { FileRows, FileSchema, PlacedLine } from "../dump/file/format.ts";
import { type FileAllowance, routineBodies } from "../dump/file/proven-structure.ts";
import { setSequences } from "../dump/rows/content.ts";
import { setForRows, writeRows } from "../dump/rows/stream.ts";
import { withoutInternalOptions } from "../dump/sql/old-options.ts";
import type { Context } from "../fleet/context.ts";
import { readHistories } from "../fleet/open-fleet.ts";
import { allowanceOf } from "../fleet/services.ts";
import type { History } from "../plan/history.ts";
import type { Session } from "../postgres/session.ts";
import { readStatements } from "../sql/read-statements.ts";
import type { Make } from "./copying.ts";
import { refuseInterrupted } from "./saga.ts";
import type { LockedTenant } from "./tenant-lock.ts";

/**
 * What the SQL in a tenant file is allowed to do: the same as the migrations of the service. A routine body that cannot be
 * proved is allowed if an accepted migration contains it.
 *
 * @param acceptUnproved true: every routine body is allowed
 */
export async function allowanceFor(
  context: Context,
  service: string,
  config: ServiceConfig,
  acceptUnproved: boolean,
): Promise<FileAllowance> {
  const acceptedBodies = new Set<string>();
  if (!acceptUnproved && config.acceptUnproved.length > 0) {
    const target = { service, database: config.database, tenant: undefined, schema: "" };
    const histories = await readHistories(context, [target]);
    for (const { file, text, tag } of acceptedIn(histories.get(service), config)) {
      const { statements } = readStatements(file, text, allowanceOf(config, tag), []);
      for (const body of routineBodies(statements)) acceptedBodies.add(body);
    }
  }
  return { ...allowanceOf(config, ""), acceptUnproved, acceptedBodies };
}

function acceptedIn(history: History | undefined, { acceptUnproved }: ServiceConfig) {
  return (history?.migrations ?? []).filter(({ tag }) => acceptUnproved.includes(tag));
}

/** Removes storage options that earlier versions copied and no server accepts. */
export function importable(line: PlacedLine<FileSchema>): PlacedLine<FileSchema> {
  return {
    ...line,
    preData: withoutInternalOptions(line.preData).map((one) => [...one]),
    postData: withoutInternalOptions(line.postData).map((one) => [...one]),
  };
}

/**
 * Fills a new schema from a tenant file.
 *
 * @param schema from `importable`
 * @param make from `makeSchema`
 * @returns the structure that the schema must have now
 */
export async function fillFromFile(
  { context }: Pick<LockedTenant, "context">,
  session: Session,
  target: Target,
  schema: FileSchema,
  rows: AsyncIterable<FileRows>,
  make: Make,
): Promise<FileSchema> {
  await make(schema.preData);
  await setForRows(session, target.schema);
  await writeRows(session, target.schema, untilInterrupted(context, rows));
  await make([...setSequences(schema.sequences).map((text) => [text]), ...schema.postData]);
  return schema;
}

async function* untilInterrupted(
  context: Context,
  rows: AsyncIterable<FileRows>,
): AsyncIterable<FileRows> {
  for await (const some of rows) {
    refuseInterrupted(context);
    yield some;
  }
}
