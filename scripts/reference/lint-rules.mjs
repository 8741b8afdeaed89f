import { code, escapeText, generatedFrom, page, table, wrap } from "./markdown.mjs";

/** A block of SQL. What the example needs before comes first, so that it can be run as it is. */
function example({ before, server, sql }) {
  const setup = [server, before].filter((text) => text !== undefined && text.trim() !== "");
  const parts =
    setup.length === 0 ? [sql] : ["-- exists already", ...setup, "", "-- the migration", sql];
  return `\`\`\`sql\n${parts.join("\n").trim()}\n\`\`\``;
}

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function partOf({ id, severity, summary, why, bad = [], good = [] }) {
  return [
    `### ${id}`,
    wrap(`${escapeText(sentence(summary))} Severity: ${severity}.`),
    wrap(escapeText(why)),
    ...(bad.length === 0 ? [] : ["Found:", ...bad.map(example)]),
    ...(good.length === 0 ? [] : ["Not found:", ...good.map(example)]),
  ];
}

/** The page of all rules of lint, from the rules themselves: their examples are also their tests. */
export function lintRulesPage(rules, allowRules) {
  return page(
    generatedFrom("src/lint/rules"),
    "# Lint rules",
    wrap(
      "What [lint](../lint.md) finds. The configuration can change the severity of a rule, or turn it off, by its id. The " +
        "examples are the tests of the rules. A finding in a table that is known to be small can be less serious.",
    ),
    table(
      ["rule", "severity", "finds"],
      [...rules, ...allowRules].map(({ id, severity, summary }) => [
        `[${id}](#${id})`,
        code(severity),
        escapeText(summary),
      ]),
    ),
    "## Statements",
    ...rules.flatMap(partOf),
    "## Comments that allow a finding",
    ...allowRules.flatMap(partOf),
  );
}
