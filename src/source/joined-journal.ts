/** An entry found in a joined journal. */
interface JoinedEntry {
  readonly idx: number;
  readonly version: string;
  readonly when: number;
  readonly tag: string;
  breakpoints: boolean;
}

/** The members read since the last tag. drizzle-kit writes idx, version, when, tag, breakpoints, in this order. */
interface UnfinishedEntry {
  idx: number | undefined;
  version: string;
  whens: number[];
}

const member = /"(idx|version|when|tag|breakpoints)"\s*:\s*("(?:[^"\\]|\\.)*"|[\w.+-]+)/g;

/**
 * Reads the entries of a journal whose lines git's union driver joined, so that entries of both branches overlap and
 * the JSON is invalid or has duplicate keys. Each tag is an entry, with the time before it. A tag with two times
 * before it is an entry of both branches. Entries with the same tag and time are one. Both branches continue from the
 * same number, so that some number occurs twice; a journal without such a number is damaged in another way.
 *
 * @returns undefined if the journal was not joined, or its entries cannot be determined
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

/**
 * The number of entries that a JSON parser finds.
 *
 * @returns undefined if the text is not a journal in JSON
 */
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

/** A tag's own number is more reliable than the idx before it, which can be the other branch's. */
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
