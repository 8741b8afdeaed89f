import { parseWait } from "../config/quantities.ts";
import { FleetError } from "../core/errors.ts";
import type { Contract, Migration } from "../core/migration.ts";

/** How long a contract is held if nothing else is said. */
export const usualWait = "14d";

/** What the marks of a migration say about contracts. */
export interface ContractMarks {
  readonly contract?: Contract;
  /** The contracts that must be applied first. */
  readonly requires?: readonly string[];
}

interface ReadMark {
  readonly kind: string;
  readonly text: string;
  readonly line: number;
}

const pattern = /^[ \t]*--[ \t]*drizzle-fleet:[ \t]*(contract|requires)\b:?[ \t]*(.*)$/;

/** Reads lines such as `-- drizzle-fleet: contract after 0007_drop_email_expand 14d`. */
function marksIn(text: string): ReadMark[] {
  // Most files have no mark at all.
  if (!text.includes("drizzle-fleet:")) return [];
  return text.split("\n").flatMap((line, index): ReadMark[] => {
    const [, kind = "", rest = ""] = pattern.exec(line) ?? [];
    return kind === "" ? [] : [{ kind, text: rest.trim(), line: index + 1 }];
  });
}

/** The marks of a file. What is wrong with them is reported by `contractProblems`. */
export function contractMarks(text: string): ContractMarks {
  const marks = marksIn(text);
  if (marks.length === 0) return {};
  const contract = marks.flatMap((mark) => contractOf(mark) ?? []).at(0);
  const requires = marks.flatMap(({ kind, text: tag }) => (kind === "requires" ? tag : []));
  return {
    ...(contract === undefined ? {} : { contract }),
    ...(requires.length === 0 ? {} : { requires }),
  };
}

function contractOf({ kind, text, line }: ReadMark): Contract | undefined {
  const [, after = "", wait = ""] = /^after[ \t]+(\S.*?)[ \t]+(\S+)$/.exec(text) ?? [];
  const waitMs = parseWait(wait);
  return kind !== "contract" || waitMs === undefined ? undefined : { after, waitMs, line };
}

/** The mark of a contract, as it is written into its file. */
export function contractLine(after: string, wait: string): string {
  return `-- drizzle-fleet: contract after ${after} ${wait}`;
}

type Marked = Pick<Migration, "tag" | "file" | "text">;

/** What is wrong with the marks of a history: a contract must not be taken for another migration. */
export function contractProblems(migrations: readonly Marked[]): FleetError[] {
  const tags = migrations.map(({ tag }) => tag);
  const contracts = new Set<string>();
  return migrations.flatMap((migration, index) => {
    const marks = marksIn(migration.text);
    const known = { before: tags.slice(0, index), all: tags, contracts: new Set(contracts) };
    if (marks.some(({ kind }) => kind === "contract")) contracts.add(migration.tag);
    return marks.flatMap((mark) => problemOf(migration, mark, marks, known) ?? []);
  });
}

interface KnownTags {
  /** The migrations before the one with the mark, and all. */
  readonly before: readonly string[];
  readonly all: readonly string[];
  /** The contracts before it. */
  readonly contracts: ReadonlySet<string>;
}

function problemOf(
  migration: Marked,
  mark: ReadMark,
  marks: readonly ReadMark[],
  known: KnownTags,
): FleetError | undefined {
  const { kind, text, line } = mark;
  const problem = (message: string, remedy: string) =>
    new FleetError("journal", message, {
      where: `${migration.file}:${line}`,
      remedy: `Nothing was changed. ${remedy}`,
    });
  if (kind === "requires") {
    if (known.contracts.has(text)) return undefined;
    return problem(
      known.before.includes(text)
        ? `${migration.tag} requires ${text}, which is not a contract`
        : `${migration.tag} requires ${text}, which is not a migration before it`,
      "Name a contract that comes before this migration, or remove the line.",
    );
  }
  const first = marks.find((one) => one.kind === "contract");
  if (first !== mark)
    return problem(`${migration.tag} is marked as a contract twice`, "Keep one of the lines.");
  const contract = contractOf(mark);
  if (contract === undefined) return malformed(problem, migration.tag, text);
  if (known.before.includes(contract.after)) return undefined;
  const where = known.all.includes(contract.after)
    ? "which does not come before it"
    : "which is not a migration of this service";
  return problem(
    `${migration.tag} is held until after ${contract.after}, ${where}`,
    "Name a migration that comes before this one: the last one that code of the new release needs.",
  );
}

function malformed(
  problem: (message: string, remedy: string) => FleetError,
  tag: string,
  text: string,
): FleetError {
  const wait = /^after[ \t]+\S.*[ \t](\S+)$/.exec(text)?.[1];
  const example = contractLine("0007_add_mail", usualWait);
  return wait === undefined
    ? problem(
        `the mark of the contract ${tag} does not say which migration it follows, and for how long it is held`,
        `Write it like this: ${example}`,
      )
    : problem(
        `the contract ${tag} is held for "${wait}", which is not a duration`,
        `Write a number with s, m, h, d or w, up to ten years, like this: ${example}`,
      );
}
