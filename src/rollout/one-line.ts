import { beginning, visibleLine } from "../core/visible.ts";

/** A statement on one line, shortened to 120 characters, without what a terminal would obey. */
export function oneLine(sql: string): string {
  const line = sql.replace(/\s+/g, " ").trim();
  return visibleLine(line.length > 120 ? `${beginning(line, 117)}...` : line);
}
