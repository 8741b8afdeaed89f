import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { code, generatedFrom, page, table, wrap } from "./markdown.mjs";
import {
  asMarkdown,
  commentOf,
  declarationOf,
  membersOfUnion,
  rowsOf,
  sourceOf,
  typeNamed,
  typeText,
} from "./types.mjs";

const schemas = join(import.meta.dirname, "../../docs/schemas");

/** The types that events contain, and their files. */
const types = [
  ["Target", "src/core/target.ts"],
  ["Outcome", "src/core/outcome.ts"],
  ["OutcomeStatus", "src/core/outcome.ts"],
  ["Failure", "src/core/outcome.ts"],
  ["LockHolder", "src/core/outcome.ts"],
  ["Stop", "src/core/outcome.ts"],
  ["Waiting", "src/core/events.ts"],
  ["OnboardingStep", "src/core/onboarding.ts"],
];

/** Each kind of event: its name, its comment and its fields. */
function eventParts(events) {
  return events.flatMap((event) => {
    const [type, ...fields] = event.members;
    const name = type.type.getText().replaceAll('"', "");
    const comment = commentOf(event) || commentOf(type);
    return [
      `### ${name}`,
      wrap(asMarkdown(comment)),
      fields.length === 0 ? "" : fieldsTable(fields),
    ];
  });
}

const rolloutEvents = () =>
  membersOfUnion(typeNamed(sourceOf("src/core/events.ts"), "RolloutEvent"));

/** The fields that all events of onboarding have, and the kinds of events. */
function onboardingParts() {
  const [common, { type: union }] = typeNamed(
    sourceOf("src/core/onboarding.ts"),
    "OnboardingEvent",
  ).types;
  return [fieldsTable(common.members), ...eventParts(membersOfUnion(union))];
}

/** A table of fields, without the column of meanings if there are none. */
function fieldsTable(members) {
  const rows = rowsOf([...members]);
  if (rows.every(([, , meaning]) => meaning === ""))
    return table(
      ["field", "type"],
      rows.map(([name, type]) => [name, type]),
    );
  return table(["field", "type", "meaning"], rows);
}

function typeParts() {
  return types.flatMap(([name, file]) => {
    const declaration = declarationOf(sourceOf(file), name);
    const fields = ts.isInterfaceDeclaration(declaration)
      ? fieldsTable(declaration.members)
      : code(typeText(declaration.type));
    return [`### ${name}`, wrap(asMarkdown(commentOf(declaration))), fields];
  });
}

/** The commands with an option --json. */
function commandsWithJson(program) {
  const all = (command, before) =>
    command.commands.flatMap((one) => [
      ...(one.options.some(({ long }) => long === "--json") ? [`${before}${one.name()}`] : []),
      ...all(one, `${before}${one.name()} `),
    ]);
  return all(program, "");
}

/** The JSON Schemas in docs/schemas, with the descriptions of the types that they were made from. */
function schemaRows() {
  if (!existsSync(schemas)) return [];
  return readdirSync(schemas)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => {
      const schema = JSON.parse(readFileSync(join(schemas, name), "utf8"));
      const type = schema.definitions?.[schema.$ref?.replace("#/definitions/", "")] ?? {};
      return [
        `[${name}](../schemas/${name})`,
        asMarkdown(schema.description ?? type.description ?? ""),
      ];
    });
}

/** The page about what --json prints. */
export function jsonPage(program) {
  const links = commandsWithJson(program).map(
    (name) => `[${code(name)}](cli.md#${name.replaceAll(" ", "-")})`,
  );
  const rows = schemaRows();
  return page(
    generatedFrom("src/cli and src/core"),
    "# JSON output",
    wrap(
      "With `--json`, a command writes JSON to standard output, and nothing else; messages for people go to standard " +
        `error. These commands have the option: ${links.join(", ")}.`,
    ),
    wrap(
      "Most commands write one document. A command that runs a rollout writes a line for each event while it runs, and " +
        "a summary as the last line. `code`, `kind` and `type` are for programs; `message` and `remedy` are for people and can " +
        "change in any version. Programs should ignore fields that they do not know.",
    ),
    ...(rows.length === 0 ? [] : ["## JSON Schemas", table(["schema", "describes"], rows)]),
    "## Errors",
    wrap(
      'If a command fails before it has a result, the last line is `{"type": "error", ...}`: `code` is the ' +
        "[kind of the error](exit-codes.md#kinds-of-errors), or `bug`; `message`, `where` and `remedy` describe it; `problems` " +
        "lists the individual problems, if there are several.",
    ),
    "## Events of a rollout",
    wrap(
      "Each line has a `type`, and `at`, the time as ISO 8601. Durations are in milliseconds. A field that has no value " +
        "is omitted.",
    ),
    ...eventParts(rolloutEvents()),
    "## Events of onboarding",
    wrap("`tenants add`, `tenants clone` and `tenants import` write a line for each step."),
    ...onboardingParts(),
    "## Types in events",
    ...typeParts(),
  );
}
