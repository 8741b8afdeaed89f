/** The facts that only one of two catalogs contains. */
export interface Difference {
  readonly missing: readonly string[];
  readonly extra: readonly string[];
}

/** Compares two catalogs, as returned by `catalogOf`. */
export function differenceOf(expected: readonly string[], found: readonly string[]): Difference {
  const [before, after] = [new Set(expected), new Set(found)];
  return {
    missing: expected.filter((fact) => !after.has(fact)),
    extra: found.filter((fact) => !before.has(fact)),
  };
}

/**
 * Compares the catalog that a history creates with the catalog of its newest snapshot: tables, columns, constraints,
 * indexes, enums, views, policies and sequences. Snapshots do not contain triggers, functions and other objects.
 */
export function differenceFromSnapshot(
  snapshot: readonly string[],
  history: readonly string[],
): Difference {
  const { missing, extra } = differenceOf(comparable(snapshot), comparable(history));
  return { missing: withoutParts(missing), extra: withoutParts(extra) };
}

/** Removes facts about parts of tables that are themselves listed. */
function withoutParts(facts: readonly string[]): string[] {
  const relations = new Set(facts.flatMap((fact) => firstName(/^relation \S /, fact) ?? []));
  const ownerOf = (fact: string) =>
    firstName(/^(?:column|constraint|policy|sequence of|view) /, fact) ??
    firstName(/^index .*? ON (?:ONLY )?/, fact);
  return facts.filter((fact) => !relations.has(ownerOf(fact) ?? ""));
}

/** A name, quoted if necessary. */
const name = /(?:"(?:[^"]|"")+"|[^\s."]+)/.source;

/** The name after the beginning of a fact. */
function firstName(beginning: RegExp, fact: string): string | undefined {
  return new RegExp(`${beginning.source}(${name})`).exec(fact)?.[1];
}

/** A constraint. Its names are quoted if necessary. */
export interface ConstraintFact {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

const constraint = new RegExp(`^constraint (${name})\\.(${name}) (.*)$`, "s");

/** Reads a fact about a constraint; undefined for other facts. */
export function constraintIn(fact: string): ConstraintFact | undefined {
  const [, table, own, definition] = constraint.exec(fact) ?? [];
  if (table === undefined || own === undefined || definition === undefined) return undefined;
  return { table, name: own, definition };
}

/** Removes names that PostgreSQL generated, which do not change when a table or column is renamed. */
function comparable(catalog: readonly string[]): string[] {
  const constraints = new Set(catalog.flatMap((fact) => constraintIn(fact)?.name ?? []));
  return catalog.flatMap((fact) => {
    const [kind = ""] = fact.split(" ");
    if (!compared.has(kind)) return [];
    // Indexes have a fact with their definition. Sequences show in the default of their column.
    if (/^relation [iISct] /.test(fact)) return [];
    const own = constraintIn(fact);
    if (own !== undefined)
      return own.definition.startsWith("NOT NULL ")
        ? []
        : `constraint ${own.table} ${own.definition}`;
    // The facts about columns include NOT NULL, whether the constraint has a name or not.
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
