import type { Collation } from "../../catalog/collations.ts";
import type { Operator } from "../../catalog/operators.ts";
import type { Column } from "../../catalog/relations.ts";
import type { Routine } from "../../catalog/routines.ts";
import type { Constraint } from "../../catalog/table-parts.ts";
import type { SearchConfiguration, SearchDictionary } from "../../catalog/text-search.ts";
import type { UserType } from "../../catalog/types.ts";
import { quoteIdentifier, quoteLiteral } from "../../core/quoting.ts";

/**
 * The statement that creates a type; undefined if SQL alone cannot.
 *
 * @param columns the columns of a composite type
 * @param constraints the constraints that are created with a domain
 */
export function createType(
  type: UserType,
  columns: readonly Column[],
  constraints: readonly Constraint[],
  version: number,
): string | undefined {
  const { kind, qualified, labels } = type;
  if (kind === "e")
    return `CREATE TYPE ${qualified} AS ENUM (${(labels ?? []).map(quoteLiteral).join(", ")})`;
  if (kind === "d") return createDomain(type, constraints, version);
  if (kind === "r") return createRange(type);
  const attributes = columns.map(
    ({ name, type: of, collation }) => `${quoteIdentifier(name)} ${of}${collate(collation)}`,
  );
  return `CREATE TYPE ${qualified} AS (${attributes.join(", ")})`;
}

function collate(collation: string | null): string {
  return collation === null ? "" : ` COLLATE ${collation}`;
}

function createDomain(type: UserType, constraints: readonly Constraint[], version: number): string {
  const clauses = constraints.map(
    ({ name, definition }) => ` CONSTRAINT ${quoteIdentifier(name)} ${definition}`,
  );
  // Since PostgreSQL 17, a domain's NOT NULL is a constraint with a name.
  const notNull = version < 170000 && type.notNull ? " NOT NULL" : "";
  const value = type.default === null ? "" : ` DEFAULT ${type.default}`;
  return `CREATE DOMAIN ${type.qualified} AS ${type.base}${collate(type.collation)}${value}${notNull}${clauses.join("")}`;
}

function createRange({ qualified, range }: UserType): string | undefined {
  if (range === null) return undefined;
  const options = optionsOf({
    SUBTYPE: range.subtype,
    SUBTYPE_OPCLASS: range.opclass,
    COLLATION: range.collation,
    SUBTYPE_DIFF: range.difference,
    MULTIRANGE_TYPE_NAME: range.multirangeName,
  });
  return `CREATE TYPE ${qualified} AS RANGE (${options})`;
}

/** `NAME = value` for each value that is not null; for an empty value only the name. */
function optionsOf(options: Readonly<Record<string, string | null>>): string {
  return Object.entries(options)
    .flatMap(([name, value]) => {
      if (value === null) return [];
      return value === "" ? name : `${name} = ${value}`;
    })
    .join(", ");
}

export function createRoutine(routine: Routine): string[] {
  const { qualified, arguments: args, definition, aggregate, closed } = routine;
  const create =
    definition?.trimEnd() ??
    `CREATE AGGREGATE ${qualified}(${args === "" ? "*" : args}) (${optionsOf(aggregate ?? {})})`;
  return [create, ...(closed === null ? [] : [`REVOKE ALL ON ROUTINE ${closed} FROM PUBLIC`])];
}

export function createOperator({ qualified, options }: Operator): string {
  return `CREATE OPERATOR ${qualified} (${optionsOf(options)})`;
}

export const collationProviders: Readonly<Record<string, string>> = {
  c: "libc",
  i: "icu",
  b: "builtin",
};

/** The statement that creates a collation. The columns of pg_collation differ between versions. */
export function createCollation({ qualified, row }: Collation): string {
  const locale = text(row.colllocale ?? row.colliculocale);
  const options = {
    PROVIDER: collationProviders[String(row.collprovider)] ?? null,
    LOCALE: locale,
    LC_COLLATE: text(row.collcollate),
    LC_CTYPE: text(row.collctype),
    RULES: text(row.collicurules),
    DETERMINISTIC: row.collisdeterministic === false ? "false" : null,
  };
  return `CREATE COLLATION ${qualified} (${optionsOf(options)})`;
}

function text(value: string | boolean | null | undefined): string | null {
  return typeof value === "string" ? quoteLiteral(value) : null;
}

export function createSearchConfiguration(configuration: SearchConfiguration): string[] {
  const { qualified, parser, mappings } = configuration;
  return [
    `CREATE TEXT SEARCH CONFIGURATION ${qualified} (PARSER = ${parser})`,
    ...(mappings ?? []).map(
      ({ token, dictionaries }) =>
        `ALTER TEXT SEARCH CONFIGURATION ${qualified} ADD MAPPING FOR ${quoteIdentifier(token)} WITH ${dictionaries}`,
    ),
  ];
}

export function createSearchDictionary({ qualified, template, options }: SearchDictionary): string {
  const given = options === null ? "" : `, ${options}`;
  return `CREATE TEXT SEARCH DICTIONARY ${qualified} (TEMPLATE = ${template}${given})`;
}
