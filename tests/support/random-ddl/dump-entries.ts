/** Entries whose lines have no order that PostgreSQL would keep: columns, constraints, settings of columns, grants. */
const unordered =
  /^-- Name: .*; Type: (TABLE|ACL|DEFAULT ACL|FOREIGN TABLE|SEQUENCE|TYPE ACL)(;|$)/;

/**
 * The entries of a pg_dump of a schema that drift compares, in a form that is equal for equal schemas.
 *
 * @param schema a name that occurs nowhere else in the dump
 */
export function entriesOf(dump: string, schema: string): string[] {
  return (
    dump
      // The key of \restrict is random.
      .replace(/^\\(un)?restrict .*$/gm, "")
      .replaceAll(schema, "{schema}")
      .split(/^--\n(?=-- Name: )/m)
      // Settings of the session, with which pg_dump begins.
      .slice(1)
      // The ledger of drizzle-fleet.
      .filter((entry) => !/^-- Name: [^;]*__fleet/.test(entry))
      .map((entry) =>
        entry
          // For pg_restore: they concern the statement that follows, which has the facts again, or the tablespace.
          .replace(/^(SET default_tablespace|SET default_table_access_method) .*$/gm, "")
          .replace(/^(--| *)$\n/gm, "")
          .replace(/\n-- PostgreSQL database dump complete\n*/, "")
          .trim(),
      )
      .map((entry) => (unordered.test(entry) ? withSortedLines(entry) : entry))
      .sort()
  );
}

function withSortedLines(entry: string): string {
  const [head = "", ...lines] = entry.split("\n");
  // A comma follows each column except the last.
  return [head, ...lines.map((line) => line.replace(/,$/, "")).sort()].join("\n");
}
