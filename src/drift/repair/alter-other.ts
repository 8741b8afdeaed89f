import { type SchemaObject, withoutMark } from "../../catalog/properties.ts";
import { quoteIdentifier, quoteLiteral } from "../../core/quoting.ts";
import { alterPrivileges } from "./privileges.ts";
import {
  type Alter,
  namesSchemaAsValue,
  type ObjectRepair,
  ownerOf,
  partName,
  qualified,
  statement,
  text,
  wordFor,
} from "./statement.ts";

/** Properties that objects of every kind can have. */
export const alterAny: Readonly<Record<string, Alter>> = {
  privileges: ({ object, value, was }) => alterPrivileges(object, value, was),
  comment: ({ object, value, ownerKind }) => [
    statement(
      `COMMENT ON ${commented(object, ownerKind)} IS ${value === undefined ? "NULL" : quoteLiteral(text(value) ?? "").trim()}`,
    ),
  ],
  "row type privileges": ({ object, value, was }) =>
    alterPrivileges({ ...object, kind: "type" }, value, was),
  tablespace: ({ object, value }) => {
    const place =
      object.kind === "constraint"
        ? `INDEX {schema}.${partName(object)}`
        : `${wordFor(object.kind)} ${qualified(object)}`;
    const space = quoteIdentifier(text(value) ?? "pg_default");
    return [statement(`ALTER ${place} SET TABLESPACE ${space}`, { environmental: true })];
  },
  "security labels": ({ object, value, was, ownerKind }) => {
    const [wanted, held] = [value, was].map(
      (one) => new Map(typeof one === "object" && one !== null ? Object.entries(one) : []),
    );
    return [...new Set([...(wanted?.keys() ?? []), ...(held?.keys() ?? [])])].map((provider) => {
      const label = wanted?.get(provider);
      return statement(
        `SECURITY LABEL FOR ${quoteIdentifier(provider)} ON ${commented(object, ownerKind)} IS ${label === undefined ? "NULL" : quoteLiteral(label).trim()}`,
        { environmental: true },
      );
    });
  },
  owner: ({ object, value }) =>
    // The owner of a sequence that belongs to a column is that of its table.
    value === undefined
      ? []
      : [
          statement(
            `ALTER ${wordFor(object.kind)} ${qualified(object)} OWNER TO ${quoteIdentifier(text(value) ?? "")}`,
            { environmental: true },
          ),
        ],
};

function commented(object: SchemaObject, ownerKind: string): string {
  const { kind } = object;
  if (kind === "column" || kind === "attribute")
    return `COLUMN ${ownerOf(object)}.${partName(object)}`;
  if (kind === "constraint" && ownerKind === "domain")
    return `CONSTRAINT ${partName(object)} ON DOMAIN ${ownerOf(object)}`;
  if (["constraint", "trigger", "rule", "policy"].includes(kind))
    return `${wordFor(kind)} ${partName(object)} ON ${ownerOf(object)}`;
  return `${wordFor(kind)} ${qualified(object)}`;
}

const states: Readonly<Record<string, string>> = {
  enabled: "ENABLE",
  disabled: "DISABLE",
  "enabled on replicas": "ENABLE REPLICA",
  "always enabled": "ENABLE ALWAYS",
};

/** The state of a trigger or a rule. */
export const alterState: Alter = ({ object: one, value }) => [
  statement(
    `ALTER TABLE ${ownerOf(one)} ${states[text(value) ?? "enabled"]} ${wordFor(one.kind)} ${partName(one)}`,
  ),
];

const sequenceClauses: Readonly<Record<string, (value: string) => string>> = {
  type: (value) => `AS ${value}`,
  start: (value) => `START WITH ${value}`,
  increment: (value) => `INCREMENT BY ${value}`,
  minimum: (value) => `MINVALUE ${value}`,
  maximum: (value) => `MAXVALUE ${value}`,
  cache: (value) => `CACHE ${value}`,
  cycle: (value) => (value === "true" ? "CYCLE" : "NO CYCLE"),
};

/** Properties of sequences. */
export const alterSequence: Readonly<Record<string, Alter>> = {
  ...Object.fromEntries(
    Object.entries(sequenceClauses).map(([property, clause]): [string, Alter] => [
      property,
      ({ object: sequence, value }) => [
        statement(`ALTER SEQUENCE ${qualified(sequence)} ${clause(text(value) ?? "")}`),
      ],
    ]),
  ),
  persistence: ({ object: sequence, value }) =>
    value === undefined
      ? []
      : [
          statement(
            `ALTER SEQUENCE ${qualified(sequence)} SET ${value === "unlogged" ? "UNLOGGED" : "LOGGED"}`,
          ),
        ],
  "owning column": ({ object: sequence, value }) => [
    statement(
      `ALTER SEQUENCE ${qualified(sequence)} OWNED BY ${value === undefined ? "NONE" : `{schema}.${text(value)}`}`,
    ),
  ],
};

/** Properties of domains and enums. */
export const alterType: Readonly<Record<string, Alter>> = {
  "not null": ({ object: domain, value }) => [
    statement(`ALTER DOMAIN ${qualified(domain)} ${value === true ? "SET" : "DROP"} NOT NULL`),
  ],
  default: ({ object: domain, value }) => {
    const expression = text(value);
    if (expression === undefined)
      return [statement(`ALTER DOMAIN ${qualified(domain)} DROP DEFAULT`)];
    if (namesSchemaAsValue(expression)) return "its default contains the name of the schema";
    return [statement(`ALTER DOMAIN ${qualified(domain)} SET DEFAULT ${expression}`)];
  },
  multirange: ({ value, was }) => [
    statement(`ALTER TYPE ${text(was)} RENAME TO ${withoutMark(text(value) ?? "")}`),
  ],
  labels: ({ object: type, value, was }) =>
    alterLabels(type, labelsIn(text(value)), labelsIn(text(was))),
};

function labelsIn(value: string | undefined): string[] {
  return value?.match(/'(?:[^']|'')*'/g) ?? [];
}

/** Adds labels that are missing, or renames one back. A label cannot be removed. */
function alterLabels(
  type: SchemaObject,
  wanted: readonly string[],
  held: readonly string[],
): ObjectRepair {
  const begin = `ALTER TYPE ${qualified(type)}`;
  const differing = wanted.flatMap((label, index) => (label === held[index] ? [] : index));
  const [place] = differing;
  if (wanted.length === held.length && differing.length === 1 && place !== undefined)
    return [statement(`${begin} RENAME VALUE ${held[place]} TO ${wanted[place]}`)];
  const kept = wanted.filter((label) => held.includes(label));
  if (kept.join() !== held.join()) return "PostgreSQL cannot remove a label from an enum";
  return wanted.flatMap((label, index) => {
    if (held.includes(label)) return [];
    const before = wanted[index - 1];
    const next = wanted.find((one, at) => at > index && held.includes(one));
    const where =
      before !== undefined ? ` AFTER ${before}` : next === undefined ? "" : ` BEFORE ${next}`;
    return [statement(`${begin} ADD VALUE ${label}${where}`)];
  });
}

/** The statistics target of a statistics object. */
export const alterStatistics: Readonly<Record<string, Alter>> = {
  "statistics target": ({ object: one, value }) => [
    statement(`ALTER STATISTICS ${qualified(one)} SET STATISTICS ${text(value) ?? -1}`),
  ],
};
