/** A table in Markdown, with columns as wide as their longest cell. */
export function table(header, rows) {
  const all = [header, ...rows.map((row) => row.map(String))];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, at) => cell.padEnd(widths[at])).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  const [first, ...others] = all.map(line);
  return [first, rule, ...others].join("\n");
}

/** A median with its spread, if there is one. */
export function withSpread({ median, least, most }, format) {
  const [from, to] = [least, most].map((value) => format(value).split(" ")[0]);
  return from === to ? format(median) : `${format(median)} (${from}-${to})`;
}

export const milliseconds = (value) => `${Math.round(value)} ms`;
export const megabytes = (value) => `${Math.round(value)} MB`;
export const times = (value) => value.toFixed(2);
export const perSecond = (value) => value.toFixed(value < 10 ? 1 : 0);
