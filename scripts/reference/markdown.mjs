/** The first lines of a generated page. */
export const generatedFrom = (sources) =>
  `<!-- Generated from ${sources} by "npm run reference". Edit the source instead. -->`;

/** Text that Markdown shows as it is. */
export const escapeText = (text) => text.replace(/[\\<*]/g, "\\$&").replace(/\{\{/g, "{&#123;");

/** Text for Markdown, with options of the command line as code. */
export const withOptions = (text) =>
  escapeText(text).replace(/(?<![\w`-])--[a-z][a-z-]*\w|drizzle\.config\.(?:ts|\\\*)/g, (name) =>
    code(name.replaceAll("\\", "")),
  );

/** A code span. Within a table, a vertical bar would end the cell. */
export const code = (text) => `\`${text}\``;

const cell = (text) => text.replace(/\s*\n\s*/g, " ").replace(/\|/g, "\\|");

/** A table, as GitHub's Markdown writes it. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.map(cell).join(" | ")} |`.replace(/\| {2}(?=\|)/g, "| ");
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

/** A page from its parts, which are separated by an empty line. */
export const page = (...parts) => `${parts.filter((part) => part !== "").join("\n\n")}\n`;

/** Breaks a paragraph into lines of at most 120 characters, and no code span into two. */
export function wrap(text, width = 120) {
  const lines = [];
  let line = "";
  for (const word of text.match(/(?:[^\s`]|`[^`]*`)+/g) ?? []) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line].join("\n");
}
