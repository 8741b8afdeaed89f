import { beginning, visibleLine } from "../core/visible.ts";

/** A statement on one line: at most 120 characters, with control characters shown as codes. */
export function shortLine(sql: string): string {
  const line = sql.replace(/\s+/g, " ").trim();
  return visibleLine(line.length > 120 ? `${beginning(line, 117)}...` : line);
}
