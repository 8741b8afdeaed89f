/** What two catalogs do not have in common. */
export interface Difference {
  readonly missing: readonly string[];
  readonly extra: readonly string[];
}

/** Compares two catalogs, see `catalogOf`. */
export function differenceOf(expected: readonly string[], found: readonly string[]): Difference {
  const [before, after] = [new Set(expected), new Set(found)];
  return {
    missing: expected.filter((fact) => !after.has(fact)),
    extra: found.filter((fact) => !before.has(fact)),
  };
}

/**
 * Compares what a history made with the DDL of its newest snapshot: tables, columns, constraints, indexes, enums, views,
 * policies and sequences. Triggers, functions and the like are written by hand, and no snapshot knows them.
 */
export function differenceFromSnapshot(
  snapshot: readonly string[],
  history: readonly string[],
): Difference {
  const { missing, extra } = differenceOf(comparable(snapshot), comparable(history));
  return { missing: withoutParts(missing), extra: withoutParts(extra) };
}

/** A table that is named stands for what belongs to it. */
function withoutParts(facts: readonly string[]): string[] {
  const relations = new Set(facts.flatMap((fact) => firstName(/^relation \S /, fact) ?? []));
  const ownerOf = (fact: string) =>
    firstName(/^(?:column|constraint|policy|sequence of|view) /, fact) ??
    firstName(/^index .*? ON (?:ONLY )?/, fact);
  return facts.filter((fact) => !relations.has(ownerOf(fact) ?? ""));
}

/** A name as the server quotes it. */
const name = /(?:"(?:[^"]|"")+"|[^\s."]+)/.source;

/** The name that comes after a beginning of a fact. */
function firstName(beginning: RegExp, fact: string): string | undefined {
  return new RegExp(`${beginning.source}(${name})`).exec(fact)?.[1];
}

/** A constraint's table and name, quoted where need be, and what it says. */
export interface ConstraintFact {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

const constraint = new RegExp(`^constraint (${name})\\.(${name}) (.*)$`, "s");

/** Reads a fact as a constraint; undefined when it is about something else. */
export function constraintIn(fact: string): ConstraintFact | undefined {
  const [, table, own, definition] = constraint.exec(fact) ?? [];
  if (table === undefined || own === undefined || definition === undefined) return undefined;
  return { table, name: own, definition };
}

/** Names that PostgreSQL made and a rename leaves as they were are no difference. */
function comparable(catalog: readonly string[]): string[] {
  const constraints = new Set(catalog.flatMap((fact) => constraintIn(fact)?.name ?? []));
  return catalog.flatMap((fact) => {
    const [kind = ""] = fact.split(" ");
    if (!compared.has(kind)) return [];
    // Indexes and sequences of their own are told apart by what they are, below and in the columns.
    if (/^relation [iISct] /.test(fact)) return [];
    const own = constraintIn(fact);
    if (own !== undefined)
      return own.definition.startsWith("NOT NULL ")
        ? []
        : `constraint ${own.table} ${own.definition}`;
    // NOT NULL constraints are told by their columns, whether they have a name or not.
    if (kind === "constraint") return [];
    if (constraints.has(firstName(/^index /, fact) ?? "")) return [];
    return fact.replace(/nextval\('[^']*'::regclass\)/, "nextval(...)");
  });
}

const compared = new Set([
  "relation",
  "column",
  "constraint",
  "index",
  "enum",
  "view",
  "policy",
  "sequence",
]);
