import { readSchema } from "../catalog/read-schema.ts";
import { objectKeys, type SchemaObjects } from "../catalog/schema-objects.ts";
import { FleetError } from "../core/errors.ts";
import type { Session } from "../postgres/session.ts";
import { buildParts } from "./sql/build.ts";
import { confusableNames } from "./sql/confusable-names.ts";
import { markSearchPath, templateOf } from "./sql/gaps.ts";
import { order } from "./sql/order.ts";
import type { StructurePart } from "./sql/parts.ts";
import { unknownFields } from "./sql/unknown-fields.ts";
import { dumpedTables } from "./tables.ts";
import type { StructureDump, StructureSql } from "./types.ts";

/** How to read a structure. */
export interface StructureOptions {
  /** True: an invalid index is copied as a valid one. By default, it is refused. */
  readonly invalidIndexes?: boolean;
}

/**
 * Reads a schema's structure as `readStructure` does, in a transaction of its own.
 *
 * @param session in no transaction
 */
export function dumpStructure(
  session: Session,
  schema: string,
  options: StructureOptions = {},
): Promise<StructureDump> {
  return inTransaction(session, () => readStructure(session, schema, options));
}

/**
 * Reads the statements that create each object of a schema, in a transaction of its own.
 *
 * @param session in no transaction
 * @throws FleetError as `readStructure` does
 */
export function dumpParts(session: Session, schema: string): Promise<StructureSql> {
  return inTransaction(session, async () => {
    const { catalog, parts, ordered, toTemplate } = await readParts(session, schema, {});
    const keys = [...objectKeys(catalog.objects)];
    return {
      parts: [...ordered.before, ...ordered.after].map(({ key, statements, needs = [] }) => ({
        ...{ key, needs },
        statements: statements.map(toTemplate),
      })),
      creators: Object.fromEntries(
        keys.flatMap((key) => {
          const creator = parts.creatorOf(key);
          return creator === undefined ? [] : [[key, creator.key]];
        }),
      ),
    };
  });
}

async function inTransaction<Result>(
  session: Session,
  read: () => Promise<Result>,
): Promise<Result> {
  await session.script(
    // It renames the schema and rolls that back. READ WRITE allows the rename even if the role's default is read only.
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE; SET LOCAL lock_timeout = '5s'",
  );
  try {
    return await read();
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
export async function readStructure(
  session: Session,
  schema: string,
  options: StructureOptions = {},
): Promise<StructureDump> {
  const { catalog, ordered, toTemplate } = await readParts(session, schema, options);
  const templates = (list: readonly StructurePart[]) =>
    list.flatMap((part) => part.statements.map(toTemplate));
  return {
    server: catalog.objects.version,
    preData: templates(ordered.before),
    postData: templates(ordered.after),
    tables: dumpedTables(catalog.objects, catalog.alias),
    sequences: catalog.sequencePositions,
  };
}

async function readParts(session: Session, schema: string, options: StructureOptions) {
  const catalog = await readSchema(session, schema);
  const { alias, objects, dependencies, comments, systemName, unread } = catalog;
  const invalid = options.invalidIndexes === true ? [] : invalidIndexes(objects);
  refuseUncopyable(schema, [...unread, ...invalid, ...unknownFields(objects)]);
  const names = confusableNames(objects, schema, systemName);
  const routines = objects.routines.map((routine) =>
    routine.setsSearchPath && routine.definition !== null
      ? { ...routine, definition: markSearchPath(routine.definition, alias, schema) }
      : routine,
  );
  const parts = buildParts({ ...objects, routines }, comments, dependencies);
  const toTemplate = (text: string) => templateOf(text, alias, schema, names);
  return { catalog, parts, ordered: order(parts, dependencies), toTemplate };
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
