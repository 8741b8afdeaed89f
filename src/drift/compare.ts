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
  const relations = new Set(
    facts.flatMap((fact) => /^relation \S ("[^"]+"|\S+) /.exec(fact)?.[1] ?? []),
  );
  const ownerOf = (fact: string) =>
    /^(?:column|constraint|policy|sequence of) ("[^"]+"|[^.\s]+)/.exec(fact)?.[1] ??
    /^index \S+ CREATE .*? ON (?:ONLY )?("[^"]+"|\S+) /.exec(fact)?.[1] ??
    /^view ("[^"]+"|\S+) /.exec(fact)?.[1];
  return facts.filter((fact) => !relations.has(ownerOf(fact) ?? ""));
}

/** Names that PostgreSQL made and a rename leaves as they were are no difference. */
function comparable(catalog: readonly string[]): string[] {
  const constraints = new Set(
    catalog.flatMap((fact) => /^constraint .+?\.("[^"]+"|\S+) /.exec(fact)?.[1] ?? []),
  );
  return catalog.flatMap((fact) => {
    const [kind = ""] = fact.split(" ");
    if (!compared.has(kind)) return [];
    // Indexes and sequences of their own are told apart by what they are, below and in the columns.
    if (/^relation [iISct] /.test(fact)) return [];
    if (kind === "constraint") return constraintOf(fact);
    const index = /^index ("[^"]+"|\S+) /.exec(fact)?.[1];
    if (index !== undefined && constraints.has(index)) return [];
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

function constraintOf(fact: string): string[] {
  if (/ NOT NULL [^(]+$/.test(fact)) return [];
  return [fact.replace(/^(constraint .+?)\.(?:"[^"]+"|\S+) /, "$1 ")];
}
