import { schemaMark } from "../../catalog/own-name.ts";
import type { PropertyValue, SchemaObject } from "../../catalog/properties.ts";
import type { ConcurrentWork } from "../../core/migration.ts";
import { quoteLiteral } from "../../core/quoting.ts";
import type { Template } from "../../core/template.ts";

/** One statement of a repair. */
export interface RepairStatement {
  /** With gaps for the schema's name. */
  readonly sql: Template;
  /** True if it removes something that is not expected. */
  readonly removes: boolean;
  /** True if it concerns roles or publications, which a scratch schema does not have. */
  readonly environmental: boolean;
  /** Set for a statement that cannot run in a transaction. */
  readonly concurrently?: ConcurrentWork;
}

/** A repair of one object: its statements, or why there is none. */
export type ObjectRepair = readonly RepairStatement[] | string;

/** A property of an object that differs. */
interface PropertyChange {
  /** The object as expected. */
  readonly object: SchemaObject;
  readonly found: SchemaObject;
  /** The kind of what the object is a part of. */
  readonly ownerKind: string;
  /** The expected value; undefined if the property should not be set. */
  readonly value: PropertyValue | undefined;
  /** The value that was found. */
  readonly was: PropertyValue | undefined;
}

/** Changes one property of an object from what was found to what is expected. */
export type Alter = (change: PropertyChange) => ObjectRepair;

/** What a statement is, besides its SQL. */
type Traits = Partial<Omit<RepairStatement, "sql">>;

/**
 * Makes a statement.
 *
 * @param sql names of the tenant schema's objects are qualified with `schemaMark`
 */
export function statement(sql: string, traits: Traits = {}): RepairStatement {
  return { sql: sql.split(schemaMark), removes: false, environmental: false, ...traits };
}

/** Makes a statement from a template. */
export function fromTemplate(sql: Template): RepairStatement {
  return { sql, removes: false, environmental: false };
}

/** True if a text contains the schema's name as a value, which a gap cannot replace. */
export function namesSchemaAsValue(sql: string): boolean {
  return sql.includes(`'${schemaMark}'`);
}

/**
 * A statement that fails if a query finds a row: what follows it would lose or refuse data.
 *
 * @param query what follows SELECT EXISTS, with names that are not qualified
 */
export function assertNone(query: string, message: string): RepairStatement {
  const block = `BEGIN
  IF EXISTS (${query.replaceAll(`${schemaMark}.`, "")}) THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = ${quoteLiteral(message)};
  END IF;
END`;
  return fromTemplate([`DO ${block.includes("$$") ? quoteLiteral(block) : `$$${block}$$`}`]);
}

/** The qualified name of an object that is not a part of another one. */
export function qualified({ kind, name }: Pick<SchemaObject, "kind" | "name">): string {
  return kind === "schema" ? schemaMark : `${schemaMark}.${name}`;
}

/** The qualified name of the table or domain of a part. */
export function ownerOf({ of }: SchemaObject): string {
  return `${schemaMark}.${of ?? ""}`;
}

/** The name of a part without that of its table. */
export function partName({ name, of }: SchemaObject): string {
  return of !== null && name.startsWith(`${of}.`) ? name.slice(of.length + 1) : name;
}

/** The word for a kind in ALTER, DROP and COMMENT. */
export function wordFor(kind: string): string {
  return kind === "statistics object" ? "STATISTICS" : kind.toUpperCase();
}

/** A property as text; undefined if it is not set. */
export function text(value: PropertyValue | undefined): string | undefined {
  return value === undefined || value === null || typeof value === "object"
    ? undefined
    : String(value);
}
