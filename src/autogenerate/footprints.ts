import type { BranchMigration } from "../source/branches.ts";

/** drizzle-kit 1.0 records for each statement what it changes and what it relies on. */
interface Footprint {
  readonly statementType?: string;
  readonly writes: readonly string[];
  readonly sharedWrites?: readonly string[];
  readonly reads?: readonly string[];
  /** Only for statements that can run twice. */
  readonly sqlHash?: string;
}

/** What one branch writes and the other writes or reads, by drizzle-kit 1.0's footprints; 0.31 records none. */
export function footprintConflicts(
  one: readonly BranchMigration[],
  other: readonly BranchMigration[],
): string[] {
  const [left, right] = [printsOf(one), printsOf(other)];
  return [...writtenUnder(left, right), ...writtenUnder(right, left)].map(nameOf);
}

function writtenUnder(from: readonly Footprint[], to: readonly Footprint[]): string[] {
  return from.flatMap((print) => {
    const others = to.filter((another) => !isSame(print, another));
    const touched = new Set(others.flatMap(({ writes, reads = [] }) => [...writes, ...reads]));
    return [...print.writes, ...(print.sharedWrites ?? [])].filter((name) => touched.has(name));
  });
}

function isSame(one: Footprint, other: Footprint): boolean {
  const { sqlHash, statementType } = one;
  return (
    sqlHash !== undefined && sqlHash === other.sqlHash && statementType === other.statementType
  );
}

function printsOf(branch: readonly BranchMigration[]): Footprint[] {
  return branch.flatMap(({ snapshot }) =>
    Array.isArray(snapshot.content.footprints) ? snapshot.content.footprints : [],
  );
}

const kinds: Readonly<Record<string, string>> = {
  tbl: "table",
  rel: "relation",
  con: "constraint",
  col: "column",
  colprop: "column",
  idx: "index",
  pk: "primary key",
  fk: "foreign key",
  uq: "unique constraint",
  ck: "check",
  seq: "sequence",
  pol: "policy",
  sch: "schema",
  rls: "row level security of",
  uniqueness: "unique columns",
  priv: "privileges on",
};

/** `s|col|public.users.email` means column users.email. */
function nameOf(print: string): string {
  const [, kind = "", name = ""] = print.split("|");
  const own = kind === "colprop" ? name.replace(/\.[^.]*$/, "") : name;
  return `${kinds[kind] ?? kind} ${own.replace(/^public\./, "")}`;
}
