import { widthOf } from "../core/width.ts";

/**
 * Breaks long lines between words for a terminal; each continues where its text began. Where there is no terminal
 * lines stay whole, for programs that read them.
 */
export function wrapLines(text: string, stream: { isTTY?: boolean; columns?: number }): string {
  if (stream.isTTY !== true) return text;
  // Some terminals say that they have no columns.
  const columns = (stream.columns ?? 0) || 80;
  return text
    .split("\n")
    .map((line) => (widthOf(line) <= columns ? line : broken(line, columns)))
    .join("\n");
}

function broken(line: string, columns: number): string {
  const [indent = ""] = /^\s*(-> )?/.exec(line) ?? [];
  const further = " ".repeat(indent.length);
  const lines = [indent];
  for (const word of line.slice(indent.length).split(/(?<=\s)(?=\S)/)) {
    const last = lines.at(-1) ?? "";
    const fits = widthOf(last + word.trimEnd()) <= columns || last.trim() === "";
    if (fits) lines[lines.length - 1] = last + word;
    else lines.push(further + word);
  }
  return lines.map((one) => one.trimEnd()).join("\n");
}
