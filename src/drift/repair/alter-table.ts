import { type PropertyValue, type SchemaObject, withoutMark } from "../../catalog/properties.ts";
import { quoteIdentifier, quoteLiteral } from "../../core/quoting.ts";
import {
  type Alter,
  type ObjectRepair,
  ownerOf,
  partName,
  qualified,
  statement,
  text,
  wordFor,
} from "./statement.ts";

/** What follows the name of a parent from which a partition is being detached. */
export const beingDetached = " (being detached)";

const ofRelations = {
  persistence: ({ object: table, value }) => [
    statement(
      `ALTER TABLE ${qualified(table)} SET ${value === "unlogged" ? "UNLOGGED" : "LOGGED"}`,
    ),
  ],
  "access method": ({ object: table, value }) => [
    statement(
      `ALTER ${wordFor(table.kind)} ${qualified(table)} SET ACCESS METHOD ${quoteIdentifier(text(value) ?? "heap")}`,
    ),
  ],
  // An index that is the replica identity is a property of the index.
  "replica identity": ({ object: table, value }) =>
    value === "index"
      ? []
      : [
          statement(
            `ALTER TABLE ${qualified(table)} REPLICA IDENTITY ${(text(value) ?? "default").toUpperCase()}`,
          ),
        ],
  "row level security": ({ object: table, value }) => [
    statement(
      `ALTER TABLE ${qualified(table)} ${value === true ? "ENABLE" : "DISABLE"} ROW LEVEL SECURITY`,
    ),
  ],
  "forced row level security": ({ object: table, value }) => [
    statement(
      `ALTER TABLE ${qualified(table)} ${value === true ? "" : "NO "}FORCE ROW LEVEL SECURITY`,
    ),
  ],
  options: ({ object: table, value, was }) =>
    alterOptions(`ALTER ${wordFor(table.kind)} ${qualified(table)}`, value, was),
  parents: ({ object: table, value, was, found }) => {
    const [bound, oldBound] = [table, found].map((one) => text(one.properties["partition bound"]));
    const [parents, oldParents] = [value, was].map((one) => text(one)?.split(", ") ?? []);
    const name = qualified(table);
    const pending = oldParents?.find((parent) => parent.endsWith(beingDetached));
    if (pending !== undefined)
      return `complete that first: ALTER TABLE ${withoutMark(pending.slice(0, -beingDetached.length))} DETACH PARTITION ${table.name} FINALIZE`;
    return [
      ...leaving(oldParents ?? [], parents ?? []).map((parent) =>
        statement(
          oldBound === undefined
            ? `ALTER TABLE ${name} NO INHERIT ${parent}`
            : `ALTER TABLE ${parent} DETACH PARTITION ${name}`,
        ),
      ),
      ...leaving(parents ?? [], oldParents ?? []).map((parent) =>
        statement(
          bound === undefined
            ? `ALTER TABLE ${name} INHERIT ${parent}`
            : `ALTER TABLE ${parent} ATTACH PARTITION ${name} ${bound}`,
        ),
      ),
    ];
  },
  "partition bound": ({ object: table, value, was }) => {
    const parent = text(table.properties.parents);
    // A table that is attached or detached: see "parents".
    if (value === undefined || was === undefined || parent === undefined) return [];
    const name = qualified(table);
    return [
      statement(`ALTER TABLE ${parent} DETACH PARTITION ${name}`),
      statement(`ALTER TABLE ${parent} ATTACH PARTITION ${name} ${text(value)}`),
    ];
  },
  "row type": ({ object: table, value }) => [
    statement(
      value === undefined
        ? `ALTER TABLE ${qualified(table)} NOT OF`
        : `ALTER TABLE ${qualified(table)} OF ${text(value)}`,
    ),
  ],
  populated: ({ object: view, value }) => [
    statement(
      `REFRESH MATERIALIZED VIEW ${qualified(view)}${value === true ? "" : " WITH NO DATA"}`,
    ),
  ],
  publications: ({ object: table, value, was }) => {
    const [wanted, held] = [value, was].map((one) => publicationsIn(text(one)));
    const where = table.kind === "schema" ? "TABLES IN SCHEMA" : "TABLE";
    const traits = { environmental: true };
    return [
      ...leaving(held ?? [], wanted ?? []).map((one) =>
        statement(`ALTER PUBLICATION ${one.name} DROP ${where} ${qualified(table)}`, traits),
      ),
      ...leaving(wanted ?? [], held ?? []).map((one) =>
        statement(
          `ALTER PUBLICATION ${one.name} ADD ${where} ${qualified(table)}${one.filter}`,
          traits,
        ),
      ),
    ];
  },
} satisfies Record<string, Alter>;

type Alters = Readonly<Record<string, Alter>>;

/** Properties of tables. A property that is not listed cannot be changed. */
export const alterRelation: Alters = ofRelations;

const { options, populated, publications, "access method": accessMethod } = ofRelations;

const viewOption =
  (name: string): Alter =>
  ({ object: view, value }) => [
    statement(
      `ALTER VIEW ${qualified(view)} ${value === undefined ? `RESET (${name})` : `SET (${name} = ${text(value)})`}`,
    ),
  ];

/** Properties of views, besides their definitions. */
export const alterView: Alters = {
  "security barrier": viewOption("security_barrier"),
  "security invoker": viewOption("security_invoker"),
  "check option": viewOption("check_option"),
};

/** Properties of materialized views, besides their definitions. */
export const alterMaterializedView: Alters = { options, populated, "access method": accessMethod };

/** Properties of the schema. */
export const alterSchema: Alters = { publications };

/** SET and RESET of storage parameters. */
export function alterOptions(
  begin: string,
  value: PropertyValue | undefined,
  was: PropertyValue | undefined,
): ObjectRepair {
  const [wanted, held] = [optionsIn(value), optionsIn(was)];
  const set = [...wanted].filter(([name, one]) => held.get(name) !== one);
  const reset = [...held.keys()].filter((name) => !wanted.has(name));
  const pairs = set.map(([name, one]) => `${name} = ${quoteLiteral(one)}`);
  return [
    ...(reset.length === 0 ? [] : [statement(`${begin} RESET (${reset.join(", ")})`)]),
    ...(pairs.length === 0 ? [] : [statement(`${begin} SET (${pairs.join(", ")})`)]),
  ];
}

function optionsIn(value: PropertyValue | undefined): Map<string, string> {
  const pairs = text(value)?.split(/, (?=[\w.]+=)/) ?? [];
  return new Map(
    pairs.map((pair): [string, string] => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

interface Publication {
  readonly name: string;
  readonly filter: string;
}

/** Names of publications, each with its columns and its row filter. */
function publicationsIn(value: string | undefined): Publication[] {
  return (value?.split(/, (?![^(]*\))/) ?? []).map((one) => {
    const [, name = one, filter = ""] =
      /^(.*?)( \([^)]*\)(?: WHERE \(.*\))?| WHERE \(.*\))$/s.exec(one) ?? [];
    return { name: quoteIdentifier(name), filter };
  });
}

/** What is in the first list and not in the second. */
function leaving<Item>(first: readonly Item[], second: readonly Item[]): Item[] {
  const kept = new Set(second.map((one) => JSON.stringify(one)));
  return first.filter((one) => !kept.has(JSON.stringify(one)));
}

/** Properties of constraints and indexes, besides their definitions. */
export const alterIndexed: Readonly<Record<string, Alter>> = {
  validated: ({ object, value, ownerKind }) =>
    value === true
      ? [
          statement(
            `ALTER ${wordFor(ownerKind)} ${ownerOf(object)} VALIDATE CONSTRAINT ${partName(object)}`,
          ),
        ]
      : "a validated constraint stays valid",
  "index valid": ({ object, value }) =>
    value === true ? [reindex(partName(object))] : "an index cannot be made invalid",
  valid: ({ object, value }) =>
    value === true ? [reindex(object.name)] : "an index cannot be made invalid",
  parent: ({ object: index, value, was }) =>
    index.kind === "index" && value !== undefined && was === undefined
      ? [statement(`ALTER INDEX ${text(value)} ATTACH PARTITION ${qualified(index)}`)]
      : "it cannot be attached to its parent, or detached",
  // REINDEX, for `valid`, makes it ready, too.
  ready: () => [],
  clustered: ({ object: one, value }) => [
    statement(
      value === true
        ? `ALTER TABLE ${ownerOf(one)} CLUSTER ON ${indexName(one)}`
        : `ALTER TABLE ${ownerOf(one)} SET WITHOUT CLUSTER`,
    ),
  ],
  // Another replica identity is a property of the table.
  "replica identity": ({ object: one, value }) =>
    value === true
      ? [statement(`ALTER TABLE ${ownerOf(one)} REPLICA IDENTITY USING INDEX ${indexName(one)}`)]
      : [],
  options: ({ object: one, value, was }) =>
    alterOptions(`ALTER INDEX {schema}.${indexName(one)}`, value, was),
  "statistics target": ({ object: one, value, was }) => {
    const [wanted, held] = [value, was].map(
      (one) =>
        new Map((text(one)?.split(", ") ?? []).map((pair) => pair.split(": ") as [string, string])),
    );
    const columns = new Set([...(wanted?.keys() ?? []), ...(held?.keys() ?? [])]);
    return [...columns].map((column) =>
      statement(
        `ALTER INDEX {schema}.${indexName(one)} ALTER COLUMN ${column} SET STATISTICS ${wanted?.get(column) ?? -1}`,
      ),
    );
  },
};

/** The name of an index, or of the index of a constraint: both in the schema of their table. */
function indexName(one: SchemaObject): string {
  return one.kind === "constraint" ? partName(one) : one.name;
}

function reindex(name: string) {
  return statement(`REINDEX INDEX CONCURRENTLY {schema}.${name}`, {
    concurrently: { action: "reindex", object: "relation", name: plainName(name) },
  });
}

/** A name that the server quoted if necessary, without quotes. */
export function plainName(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : withoutMark(name);
}
