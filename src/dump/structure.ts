import { readSchema } from "../catalog/read-schema.ts";
import type { SchemaObjects } from "../catalog/schema-objects.ts";
import { FleetError } from "../core/errors.ts";
import type { Session } from "../postgres/session.ts";
import { buildParts } from "./sql/build.ts";
import { confusableNames } from "./sql/confusable-names.ts";
import { markSearchPath, templateOf } from "./sql/gaps.ts";
import { order } from "./sql/order.ts";
import type { StructurePart } from "./sql/parts.ts";
import { unknownFields } from "./sql/unknown-fields.ts";
import { dumpedTables } from "./tables.ts";
import type { StructureDump } from "./types.ts";

/**
 * Reads a schema's structure as `readStructure` does, in a transaction of its own.
 *
 * @param session in no transaction
 */
export async function dumpStructure(session: Session, schema: string): Promise<StructureDump> {
  await session.script(
    // It renames the schema and rolls that back. READ WRITE allows the rename even if the role's default is read only.
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE; SET LOCAL lock_timeout = '5s'",
  );
  try {
    return await readStructure(session, schema);
  } finally {
    if (!session.lost) await session.query("ROLLBACK");
  }
}

/**
 * Reads a schema's structure as SQL that creates the same structure in a schema of another name. It omits the ledger,
 * owners, grants and tablespaces.
 *
 * Run the statements with `check_function_bodies = off` and with the new schema on the search_path.
 *
 * @param session in a transaction that may write and has a lock_timeout. Its role owns the schema and may create
 *   schemas in the database
 * @throws FleetError `refused` if the schema does not exist or contains something that cannot be copied
 */
export async function readStructure(session: Session, schema: string): Promise<StructureDump> {
  const { alias, objects, dependencies, comments, systemName, sequencePositions, unread } =
    await readSchema(session, schema);
  refuseUncopyable(schema, [...unread, ...invalidIndexes(objects), ...unknownFields(objects)]);
  const names = confusableNames(objects, schema, systemName);
  const routines = objects.routines.map((routine) =>
    routine.setsSearchPath && routine.definition !== null
      ? { ...routine, definition: markSearchPath(routine.definition, alias, schema) }
      : routine,
  );
  const parts = buildParts({ ...objects, routines }, comments, dependencies);
  const { before, after } = order(parts, dependencies);
  const templates = (list: readonly StructurePart[]) =>
    list.flatMap((part) => part.statements.map((text) => templateOf(text, alias, schema, names)));
  return {
    server: objects.version,
    preData: templates(before),
    postData: templates(after),
    tables: dumpedTables(objects, alias),
    sequences: sequencePositions,
  };
}

/** An interrupted CREATE INDEX CONCURRENTLY leaves an invalid index. */
function invalidIndexes({ indexes }: SchemaObjects): string[] {
  return indexes.flatMap(({ valid, name }) => (valid ? [] : `invalid index ${name}`));
}

function refuseUncopyable(schema: string, uncopyable: readonly string[]): void {
  if (uncopyable.length === 0) return;
  throw new FleetError(
    "refused",
    `schema ${schema} cannot be copied because it contains ${uncopyable.join(", ")}`,
    { remedy: "If you do not need these objects, drop them. Then run the same command again." },
  );
}
