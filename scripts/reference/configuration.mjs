import ts from "typescript";
import { code, generatedFrom, page, table, wrap } from "./markdown.mjs";
import {
  asMarkdown,
  commentOf,
  declarationOf,
  exampleOf,
  membersOfUnion,
  objectText,
  rowsOf,
  sourceOf,
  typeText,
} from "./types.mjs";

const file = "src/config/input.ts";

/** The parts of the page: a heading, the type, and what comes before its keys. */
const parts = [
  ["Top level", "FleetInput", ""],
  ["Databases", "DatabaseInput", "databases.<name>."],
  ["Services", "ServiceInput", "services.<name>."],
  ["Tenants", "TenantInput", "tenants[]."],
  ["Rollouts", "RolloutInput", "rollout."],
  ["Lint", "LintInput", "lint."],
];

function membersOf(declaration) {
  if (ts.isInterfaceDeclaration(declaration)) return declaration.members;
  return membersOfUnion(declaration.type).find(ts.isTypeLiteralNode)?.members ?? [];
}

/** The type is below the meaning: beside it, long types would leave no room on a phone. */
const keyAndMeaning = ([key, type, meaning]) => [
  key,
  [meaning, type].filter((text) => text !== "").join("<br>"),
];

function partOf(source, [heading, type, before]) {
  const declaration = declarationOf(source, type);
  const example = exampleOf(declaration);
  return [
    `## ${heading}`,
    wrap(asMarkdown(commentOf(declaration))),
    table(
      ["key", "meaning and type"],
      rowsOf([...membersOf(declaration)], before).map(keyAndMeaning),
    ),
    example === undefined ? "" : `\`\`\`ts\n${example}\n\`\`\``,
  ];
}

/** Files with the other types that the tables name. */
const typeFiles = [file, "src/core/database.ts", "src/core/amount.ts"];

/** The types that a text names, and those that these name. */
function typesIn(text, types) {
  const named = types.filter(({ name }) => new RegExp(`\\b${name.text}\\b`).test(text));
  const others = types.filter((type) => !named.includes(type));
  if (named.length === 0) return [];
  return [...named, ...typesIn(named.map(writtenAs).join("\n"), others)];
}

function writtenAs(type) {
  if (type.name.text === "EnvironmentReference") return 'env("NAME")';
  if (ts.isInterfaceDeclaration(type)) return objectText(type);
  return typeText(type.type);
}

function typesPart(shown) {
  const types = typeFiles
    .flatMap((name) => [...sourceOf(name).statements])
    .filter((one) => ts.isTypeAliasDeclaration(one) || ts.isInterfaceDeclaration(one))
    .filter(({ name }) => !parts.some(([, type]) => type === name.text));
  const rows = typesIn(shown, types).map((type) => [
    code(type.name.text),
    code(writtenAs(type)),
    asMarkdown(commentOf(type).replace(/\n/g, " ")),
  ]);
  return ["## Types", table(["type", "meaning, and how it is written"], rows.map(keyAndMeaning))];
}

/** The page of all keys, from the comments of the configuration's types. */
export function configurationPage() {
  const source = sourceOf(file);
  const keys = parts.flatMap((part) => partOf(source, part));
  return page(
    generatedFrom(file),
    "# Configuration keys",
    wrap(
      "Every key of `defineFleet`, with its type, as editors show it. [Configuration](../configuration.md) explains how " +
        "the file, the databases and the secrets are found. A `?` marks a key that can be omitted.",
    ),
    ...keys,
    ...typesPart(keys.join("\n")),
  );
}
