import { quoteIdentifier } from "../core/quoting.ts";
import { escapeRegExp } from "../core/regexp.ts";

/** What stands for the schema's name where it qualifies another name, and where it is a complete literal. */
export const schemaMark = "{schema}";

/** A text about a schema as people read it: without the schema's name. */
export function withoutMark(text: string): string {
  return text.replaceAll(`${schemaMark}.`, "");
}

/** Properties in which the schema's name is another word: labels, roles, and names of columns with their table. */
const verbatim = new Set([
  ...[
    "labels",
    "owned by",
    "redeclared parts",
    "privileges",
    "row type privileges",
    "security labels",
  ],
]);

/** Kinds whose names contain types: after a parenthesis, or anywhere. */
const withTypes: Readonly<Record<string, RegExp>> = {
  ...{ function: /\(.*$/s, procedure: /\(.*$/s, aggregate: /\(.*$/s, operator: /\(.*$/s },
  ...{ cast: /^.*$/s, transform: /^.*$/s },
};

/** The texts of an object. */
interface Texts {
  readonly kind: string;
  readonly name: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Replaces the schema's name in the texts of its objects: where it qualifies another name, and where it is a literal. */
export function ownNameRemover(schema: string): <One extends Texts>(object: One) => One {
  const [qualifier, literal] = [qualifierOf([schema]), literalOf([schema])];
  const neutral = (text: string) =>
    text.replace(qualifier, `${schemaMark}.`).replace(literal, `'${schemaMark}'`);
  return (object) => {
    const { kind, name } = object;
    const properties = Object.entries(object.properties).map(([property, value]) => [
      property,
      verbatim.has(property) ? value : neutralValue(value, neutral),
    ]);
    return {
      ...object,
      name: withTypes[kind] === undefined ? name : name.replace(withTypes[kind], neutral),
      properties: Object.fromEntries(properties),
    };
  };
}

/** Texts of a value: its own, or the keys and values of a map. */
function neutralValue(value: unknown, neutral: (text: string) => string): unknown {
  if (typeof value === "string") return neutral(value);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map((pair) =>
    pair.map((one) => neutralValue(one, neutral)),
  );
  return Object.fromEntries(entries);
}

/**
 * Compares two texts of catalogs whose schemas' names were replaced. If such a name is also another word of the SQL, such as an
 * alias or a literal, that word was replaced, too. So the names count as equal to what replaces them.
 *
 * @param schemas the schemas that the texts were read from
 */
export function isEqualText(left: string, right: string, schemas: readonly string[]): boolean {
  if (left === right) return true;
  const names = [...schemas, schemaMark];
  const [qualifier, literal] = [qualifierOf(names), literalOf(names)];
  const [one, other] = [left, right].map((text) =>
    text.replace(qualifier, "").replace(literal, `'${schemaMark}'`),
  );
  return one === other;
}

/** Matches qualifiers, also several together: in schema `users`, `users.users.id` is a column. */
function qualifierOf(names: readonly string[]): RegExp {
  const spellings = names.flatMap((name) => [
    escapeRegExp(quoteIdentifier(name)),
    // Within a literal.
    ...(name.includes("'") ? [escapeRegExp(quoteIdentifier(name).replaceAll("'", "''"))] : []),
    ...(/^[a-z_][a-z0-9_$]*$/.test(name) || name === schemaMark ? [escapeRegExp(name)] : []),
  ]);
  return new RegExp(`(?<![\\w$.])(?:(?:${spellings.join("|")})\\.)+`, "g");
}

function literalOf(names: readonly string[]): RegExp {
  const spellings = names.map((name) => escapeRegExp(name.replaceAll("'", "''")));
  return new RegExp(`'(?:${spellings.join("|")})'`, "g");
}
