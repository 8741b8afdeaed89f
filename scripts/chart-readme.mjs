// Writes the table of values in the chart's README. Each value in values.yaml has a comment "# -- description".
// Usage: node scripts/chart-readme.mjs          writes the table
//        node scripts/chart-readme.mjs --check  exits with code 1 if the table differs from values.yaml
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMap, parseDocument } from "yaml";

const chart = join(import.meta.dirname, "../helm/drizzle-fleet");
const readme = join(chart, "README.md");
const place = /(<!-- values -->\n).*?(\n<!-- \/values -->)/s;

/** The description in a comment, or undefined: its lines from the last one that begins with "--". */
function descriptionOf(comment) {
  const [, text] = /(?:^|\n) ?-- (.*)$/s.exec(comment ?? "") ?? [];
  return text?.replaceAll(/\n */g, " ").trim();
}

/** The rows of a map: a value with a description is one row, whatever it contains. */
function rowsOf(map, path) {
  return map.items.flatMap(({ key, value }, index) => {
    // The parser attaches the comment of the first key to its map.
    const comment = key.commentBefore ?? (index === 0 ? map.commentBefore : undefined);
    const name = [...path, key.value].join(".");
    const description = descriptionOf(comment);
    if (description !== undefined) return [rowOf(name, value.toJSON(), description)];
    if (!isMap(value) || value.items.length === 0)
      throw new Error(`values.yaml: ${name} has no comment "# -- description"`);
    return rowsOf(value, [...path, key.value]);
  });
}

function rowOf(name, value, description) {
  const cells = [`\`${name}\``, `\`${JSON.stringify(value)}\``, description];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

const values = parseDocument(readFileSync(join(chart, "values.yaml"), "utf8"));
const table = ["| value | default | meaning |", "|---|---|---|", ...rowsOf(values.contents, [])];
const before = readFileSync(readme, "utf8");
if (!place.test(before)) throw new Error(`${readme} has no place for the table: <!-- values -->`);
const after = before.replace(place, (_, start, end) => `${start}${table.join("\n")}${end}`);
if (!process.argv.includes("--check")) writeFileSync(readme, after);
else if (after !== before) {
  console.error(
    "The chart's README does not match values.yaml. Run: node scripts/chart-readme.mjs",
  );
  process.exitCode = 1;
}
