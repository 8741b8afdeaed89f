import { quoteIdentifier } from "./identifiers.ts";

/** What an application may do with rows, and with the sequences that number them. */
const onTables = "SELECT, INSERT, UPDATE, DELETE";
const onSequences = "USAGE, SELECT, UPDATE";

/**
 * Statements that let a role use a schema that is new: its tables, those of later migrations too, and nothing else.
 * Default privileges count for what the current role creates.
 */
export function admitToNew(schema: string, role: string): string[] {
  const [place, who] = [quoteIdentifier(schema), quoteIdentifier(role)];
  const defaults = `ALTER DEFAULT PRIVILEGES IN SCHEMA ${place} GRANT`;
  return [
    `GRANT USAGE ON SCHEMA ${place} TO ${who}`,
    `${defaults} ${onTables} ON TABLES TO ${who}`,
    `${defaults} ${onSequences} ON SEQUENCES TO ${who}`,
  ];
}

/**
 * As `admitToNew`, for a schema that has tables already.
 *
 * @param readOnly a table that the role may read and not change, quoted and qualified
 */
export function admit(schema: string, role: string, readOnly: string): string[] {
  const [place, who] = [quoteIdentifier(schema), quoteIdentifier(role)];
  return [
    ...admitToNew(schema, role),
    `GRANT ${onTables} ON ALL TABLES IN SCHEMA ${place} TO ${who}`,
    `GRANT ${onSequences} ON ALL SEQUENCES IN SCHEMA ${place} TO ${who}`,
    ...onlyReading(readOnly, role),
  ];
}

/** Statements that let a role read a table, and no more. */
export function onlyReading(table: string, role: string): string[] {
  const who = quoteIdentifier(role);
  return [`REVOKE ALL ON ${table} FROM ${who}`, `GRANT SELECT ON ${table} TO ${who}`];
}

/** Statements that take from a role what `admit` gave it. */
export function dismiss(schema: string, role: string): string[] {
  const [place, who] = [quoteIdentifier(schema), quoteIdentifier(role)];
  const defaults = `ALTER DEFAULT PRIVILEGES IN SCHEMA ${place} REVOKE ALL ON`;
  return [
    `REVOKE ALL ON SCHEMA ${place} FROM ${who}`,
    `${defaults} TABLES FROM ${who}`,
    `${defaults} SEQUENCES FROM ${who}`,
    `REVOKE ALL ON ALL TABLES IN SCHEMA ${place} FROM ${who}`,
    `REVOKE ALL ON ALL SEQUENCES IN SCHEMA ${place} FROM ${who}`,
  ];
}

/** The statement that keeps a role out of a schema; what it may do inside stays, for when it comes back. */
export function shutOut(schema: string, role: string): string {
  return `REVOKE USAGE ON SCHEMA ${quoteIdentifier(schema)} FROM ${quoteIdentifier(role)}`;
}
