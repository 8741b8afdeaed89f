import { escapeText, generatedFrom, page, wrap } from "./markdown.mjs";

/** The page of all rules of lint, from the rules themselves. */
export function lintRulesPage({ rules, allowRules }) {
  return page(
    generatedFrom("src/lint/rules and src/lint/allow.ts"),
    "# Lint rules",
    wrap(
      "What [`lint`](../lint.md) looks for. The SQL of each rule is its test, too. The configuration can change a severity, and " +
        "a table that is small in every tenant lowers some.",
    ),
    ...rules.flatMap((rule) => [
      ...head(rule),
      ...rule.bad.map((example) => block("Found:", example)),
      ...rule.good.map((example) => block("Accepted:", example)),
    ]),
    ...allowRules.flatMap(head),
  );
}

function head({ id, severity, summary, why }) {
  const first = `Severity: ${severity}. ${sentence(summary)}`;
  return [`## ${id}`, wrap(escapeText(first)), wrap(escapeText(sentence(why)))];
}

function block(title, { before, sql }) {
  const lines =
    before === undefined ? [sql] : ["-- already applied", before, "-- this migration", sql];
  return [title, "", "```sql", ...lines, "```"].join("\n");
}

function sentence(text) {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return first.endsWith(".") ? first : `${first}.`;
}
