import { readProperties, type SchemaObject } from "../catalog/properties.ts";
import { FleetError, isFleetError } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import { dumpParts } from "../dump/structure.ts";
import type { StructureSql } from "../dump/types.ts";
import type { Session } from "../postgres/session.ts";
import { sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import { type Bench, withScratchSchema } from "../proof/bench.ts";
import { replay } from "../proof/replay.ts";
import { withSharedSchemas } from "../proof/shared-schemas.ts";

/** What a tenant schema should contain. */
export interface ExpectedSchema {
  readonly objects: readonly SchemaObject[];
  /** The SQL that creates it; undefined if it cannot be written. */
  readonly structure: StructureSql | undefined;
}

/**
 * What a schema contains after exactly these migrations: they are applied to a scratch schema, which is dropped.
 *
 * @param migrations the applied migrations, in order
 * @throws FleetError `proof` if one of them can no longer be applied to an empty schema
 */
export async function replayState(
  bench: Bench,
  migrations: readonly Migration[],
): Promise<ExpectedSchema> {
  const found = await withSharedSchemas(
    bench,
    migrations,
    async () => [],
    () => withScratchSchema(bench.session, (schema) => replayed(bench, schema, migrations)),
  );
  if (isFleetError(found)) throw found;
  return found;
}

async function replayed(
  bench: Bench,
  schema: string,
  migrations: readonly Migration[],
): Promise<ExpectedSchema | FleetError> {
  const failed = await replay(bench, schema, migrations);
  if (failed !== undefined) return notReplayable(failed.migration, failed.error);
  const found = await readProperties(bench.session, [{ schema }]);
  return {
    objects: found.get(schema) ?? [],
    structure: await structureIn(bench.session, schema),
  };
}

/** Reading takes short locks, and needs the privileges of the schema's owner. */
const unreadable = new Set<string>([sqlstate.insufficientPrivilege, sqlstate.lockNotAvailable]);

/** @returns undefined if the schema contains something whose SQL cannot be written, or the role may not read it */
export async function structureIn(
  session: Session,
  schema: string,
): Promise<StructureSql | undefined> {
  try {
    return await dumpParts(session, schema);
  } catch (error) {
    const isRefused = isFleetError(error) && error.code === "refused";
    if (isRefused || unreadable.has(sqlstateOf(error) ?? "")) return undefined;
    throw error;
  }
}

function notReplayable({ tag }: Migration, cause: FleetError): FleetError {
  return new FleetError(
    "proof",
    `${tag} can no longer be applied to an empty schema: ${cause.message}`,
    {
      ...(cause.where === undefined ? {} : { where: cause.where }),
      remedy:
        "To compare tenants with each other instead, run: npx drizzle-fleet drift --against majority",
      cause,
    },
  );
}
