import type { Template } from "../../core/template.ts";
import { isInternalOption } from "./storage-options.ts";

/** An action of the ALTER TABLE that follows a CREATE TABLE. Only values of options are literals. */
const action =
  /(?<column>ALTER COLUMN "(?:[^"]|"")+") SET \((?<options>(?:[^()']|'(?:[^']|'')*')*)\)|ALTER COLUMN "(?:[^"]|"")+" (?:SET (?:STORAGE|COMPRESSION|STATISTICS|NOT) -?\w+|DROP DEFAULT)|REPLICA IDENTITY \w+/y;

const option = /[^=, ]+='(?:[^']|'')*'/g;

/**
 * Removes options that only the server sets, see `isInternalOption`. Earlier versions copied all options of a column: the
 * structures that they wrote on PostgreSQL 15.20 could not be run.
 */
export function withoutInternalOptions(statements: readonly Template[]): Template[] {
  return statements.flatMap((statement) => {
    const [first, last, ...more] = statement;
    const changesColumns = first === "ALTER TABLE ONLY " || first === "ALTER MATERIALIZED VIEW ";
    if (!changesColumns || last === undefined || more.length > 0) return [statement];
    if (!/[( ]pg_\w+='/.test(last)) return [statement];
    const start = last.search(/ (?:ALTER COLUMN|REPLICA IDENTITY) /) + 1;
    const kept = start === 0 ? undefined : keptActions(last.slice(start));
    if (kept === undefined) return [statement];
    return kept.length === 0 ? [] : [[first, `${last.slice(0, start)}${kept.join(", ")}`]];
  });
}

/** The actions without internal options; undefined for a list that drizzle-fleet has not written. */
function keptActions(list: string): string[] | undefined {
  const kept: string[] = [];
  for (let place = 0; place < list.length; place += 2) {
    action.lastIndex = place;
    const found = action.exec(list);
    if (found === null) return undefined;
    const [text, { column, options } = {}] = [found[0], found.groups];
    place += text.length;
    if (place < list.length && !list.startsWith(", ", place)) return undefined;
    if (column === undefined || options === undefined) kept.push(text);
    else {
      const settable = [...options.matchAll(option)].filter(([one]) => !isInternalOption(one));
      if (settable.length > 0) kept.push(`${column} SET (${settable.join(", ")})`);
    }
  }
  return kept;
}
