import { drizzle, type NodePgClient } from "drizzle-orm/node-postgres";
import type { ServiceConfig } from "../config/schema.ts";
import type { Relations } from "./fleet-types.ts";
import type { AnyOptions } from "./services.ts";
import type { TenantPool } from "./tenant-pool.ts";

/** A Drizzle database for one service, whose queries go to `pool`. */
export function drizzleDatabase(
  pool: TenantPool,
  { casing }: ServiceConfig,
  service: string,
  { schemas, relations: given, logger }: AnyOptions,
): unknown {
  const schema = schemas[service];
  const relations = given?.[service] ?? relationsExportedBy(schema);
  return drizzle({
    // It has the methods that drizzle-orm calls, and no other methods of a pool.
    client: pool as unknown as NodePgClient,
    ...(schema === undefined ? {} : { schema }),
    // Only 1.0 reads relations; only 0.45 reads casing.
    ...(relations === undefined ? {} : { relations }),
    ...(casing === undefined ? {} : { casing }),
    ...(logger === undefined ? {} : { logger }),
  });
}

/** The only export of a schema's module that `defineRelations` has created. */
function relationsExportedBy(
  schema: Readonly<Record<string, unknown>> = {},
): Relations | undefined {
  const found = Object.values(schema).filter(isRelations);
  return found.length === 1 ? found[0] : undefined;
}

function isRelations(value: unknown): value is Relations {
  if (typeof value !== "object" || value === null) return false;
  const parts: unknown[] = Object.values(value);
  const isPart = (part: unknown) =>
    typeof part === "object" && part !== null && "table" in part && "relations" in part;
  return (
    Object.getPrototypeOf(value) === Object.prototype && parts.length > 0 && parts.every(isPart)
  );
}
