import pg from "pg";

/** Quotes a name for SQL text, whatever it contains. The only way a name enters SQL in this project. */
export function quoteIdentifier(name: string): string {
  return pg.escapeIdentifier(name);
}

/** Quotes a string for SQL text, for the one place that cannot take parameters: a step's single message. */
export function quoteLiteral(value: string): string {
  return pg.escapeLiteral(value);
}
