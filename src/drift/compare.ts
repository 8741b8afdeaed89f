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
 * Compares what a history made with the DDL of its newest snapshot. What SQL by hand adds beside it, such as
 * triggers or indexes, is nobody's mistake; a column or an enum's value that no snapshot knows is.
 */
export function differenceFromSnapshot(
  snapshot: readonly string[],
  history: readonly string[],
): Difference {
  const expected = comparable(snapshot);
  const found = comparable(history);
  const tables = new Set(expected.flatMap((fact) => tableOf(fact) ?? []));
  const { missing, extra } = differenceOf(expected, found);
  return {
    missing,
    extra: extra.filter((fact) => fact.startsWith("enum ") || tables.has(tableOf(fact) ?? "")),
  };
}

/** Names that PostgreSQL made and a rename leaves as they were are no difference. */
function comparable(catalog: readonly string[]): string[] {
  const constraints = new Set(
    catalog.flatMap((fact) => /^constraint .+?\.("[^"]+"|\S+) /.exec(fact)?.[1] ?? []),
  );
  return catalog.flatMap((fact) => {
    const [kind = ""] = fact.split(" ");
    if (!["relation", "column", "constraint", "index", "enum", "view", "policy"].includes(kind))
      return [];
    // Indexes and sequences of their own are told apart by what they are, below and in the columns.
    if (/^relation [iISct] /.test(fact)) return [];
    if (kind === "constraint") return constraintOf(fact);
    const index = /^index ("[^"]+"|\S+) /.exec(fact)?.[1];
    if (index !== undefined && constraints.has(index)) return [];
    return fact.replace(/nextval\('[^']*'::regclass\)/, "nextval(...)");
  });
}

function constraintOf(fact: string): string[] {
  if (/ NOT NULL [^(]+$/.test(fact)) return [];
  return [fact.replace(/^(constraint .+?)\.(?:"[^"]+"|\S+) /, "$1 ")];
}

function tableOf(fact: string): string | undefined {
  return /^column ([^.]+)\./.exec(fact)?.[1];
}
