import { readProperties, type SchemaObject } from "../catalog/properties.ts";
import { FleetError, isFleetError } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import { type Bench, withScratchSchema } from "../proof/bench.ts";
import { replay } from "../proof/replay.ts";
import { withSharedSchemas } from "../proof/shared-schemas.ts";

/**
 * The objects that a schema has after exactly these migrations: they are applied to a scratch schema, which is dropped.
 *
 * @param migrations the applied migrations, in order
 * @throws FleetError `proof` if one of them can no longer be applied to an empty schema
 */
export async function expectedObjects(
  bench: Bench,
  migrations: readonly Migration[],
): Promise<readonly SchemaObject[]> {
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
): Promise<readonly SchemaObject[] | FleetError> {
  const failed = await replay(bench, schema, migrations);
  if (failed !== undefined) return notReplayable(failed.migration, failed.error);
  const found = await readProperties(bench.session, [{ schema }]);
  return found.get(schema) ?? [];
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
