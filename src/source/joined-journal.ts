/** An entry as it was found. */
interface JoinedEntry {
  readonly idx: number;
  readonly version: string;
  readonly when: number;
  readonly tag: string;
  breakpoints: boolean;
}

/** What of an entry was read when its tag comes: drizzle-kit writes idx, version, when, tag, breakpoints. */
interface UnfinishedEntry {
  idx: number | undefined;
  version: string;
  whens: number[];
}

const member = /"(idx|version|when|tag|breakpoints)"\s*:\s*("(?:[^"\\]|\\.)*"|[\w.+-]+)/g;

/**
 * The entries of a journal whose lines git's union driver joined: entries of both branches run into each other, and the
 * JSON is broken or says things twice. Each tag is an entry, with the time before it; one that stands twice with one
 * time is one. Where two times stand before one tag, both branches have that tag. Both branches number from the same place,
 * so that a number stands twice; a journal that is damaged otherwise is left alone.
 *
 * @returns undefined for a journal that was not joined, or where an entry cannot be told
 */
export function joinedEntries(text: string): JoinedEntry[] | undefined {
  const start = text.indexOf('"entries"');
  const members = [...text.slice(Math.max(start, 0)).matchAll(member)];
  const count = (member: string) => members.filter(([, name]) => name === member).length;
  const found = entriesIn(text);
  if (start < 0 || (count("tag") === found && count("when") === found)) return undefined;
  const entries: JoinedEntry[] = [];
  const open: UnfinishedEntry = { idx: undefined, version: "7", whens: [] };
  let unfinished: JoinedEntry[] = [];
  for (const [, name = "", value = ""] of members) {
    const read: unknown = parsed(value);
    if (name === "idx" && typeof read === "number") open.idx = read;
    else if (name === "version" && typeof read === "string") open.version = read;
    else if (name === "when" && typeof read === "number") open.whens.push(read);
    else if (name === "tag" && typeof read === "string") {
      const made = entriesFor(read, open);
      if (made.length === 0) return undefined;
      entries.push(...made);
      unfinished.push(...made);
      open.whens = [];
    } else if (name === "breakpoints" && typeof read === "boolean") {
      for (const one of unfinished) one.breakpoints = read;
      unfinished = [];
    } else return undefined;
  }
  const numbers = entries.map(({ idx }) => idx);
  return new Set(numbers).size === numbers.length ? undefined : withoutRepeats(entries);
}

/** How many entries JSON finds; undefined when it is none. */
function entriesIn(text: string): number | undefined {
  try {
    const { entries } = JSON.parse(text) as { readonly entries?: unknown };
    return Array.isArray(entries) ? entries.length : undefined;
  } catch {
    return undefined;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The number that a tag begins with is surer than the idx before it, which may be the other branch's. */
function entriesFor(tag: string, { idx, version, whens }: UnfinishedEntry): JoinedEntry[] {
  const [, prefix] = /^(\d{4})(?=_|$)/.exec(tag) ?? [];
  const number = prefix === undefined ? idx : Number(prefix);
  if (number === undefined) return [];
  return whens.map((when) => ({ idx: number, version, when, tag, breakpoints: true }));
}

function withoutRepeats(entries: readonly JoinedEntry[]): JoinedEntry[] {
  const keyOf = ({ tag, when }: JoinedEntry) => JSON.stringify([tag, when]);
  return [...new Map(entries.map((one) => [keyOf(one), one])).values()];
}
