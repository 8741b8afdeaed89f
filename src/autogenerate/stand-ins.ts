import { type Part, partOf } from "./snapshot-parts.ts";

// drizzle-kit writes names and new values of enums without doubling the quotes in them; 0.31 also keeps parts of a
// schema as strings that it splits again at ";", "--" and ",": an expression that holds one is cut there, often
// without an error. Such texts get stand-ins while drizzle-kit makes its SQL, and are put back into it, quoted.

/** Snapshots with stand-ins, and the way back. */
export interface StandIns<Content> {
  readonly previous: Content;
  readonly current: Content;
  /** What stands for a name in these snapshots. */
  readonly nameOf: (name: string) => string;
  readonly putBack: (sql: string) => string;
}

/**
 * Exchanges what is hard in two snapshots; the same text has the same stand-in in both.
 *
 * @param hardIn gathers the texts that are hard in a snapshot
 */
export function withStandIns<Content extends object>(
  previous: Content,
  current: Content,
  hardIn: (snapshot: Content) => readonly string[],
): StandIns<Content> {
  const hard = [...new Set([previous, current].flatMap(hardIn))];
  if (hard.length === 0) return { previous, current, nameOf: same, putBack: same };
  const prefix = unusedPrefix(JSON.stringify([previous, current]));
  const standIns = new Map(hard.map((text, index) => [text, `${prefix}${index}x`]));
  const exchange = (text: string) => exchanged(text, standIns);
  const pattern = new RegExp(`(["']?)${prefix}(\\d+)x`, "g");
  return {
    previous: mapped(previous, exchange) as Content,
    current: mapped(current, exchange) as Content,
    nameOf: exchange,
    // What stands after a quote is a name or a value, and its own quotes are doubled; an expression stands as it is.
    putBack: (sql) =>
      sql.replace(pattern, (_, quote: string, index: string) => {
        const text = hard[Number(index)] ?? "";
        return quote + (quote === "" ? text : text.replaceAll(quote, quote + quote));
      }),
  };
}

const same = (text: string) => text;

/** Letters alone, as no other text of the snapshots has them. */
function unusedPrefix(json: string): string {
  let prefix = "standin";
  while (json.includes(prefix)) prefix += "n";
  return prefix;
}

/** A text as a whole, as a name after its schema, or as an array's element type. */
function exchanged(text: string, standIns: ReadonlyMap<string, string>): string {
  const whole = standIns.get(text);
  if (whole !== undefined) return whole;
  for (const [hard, standIn] of standIns) {
    if (text.endsWith(`.${hard}`)) return `${text.slice(0, -hard.length)}${standIn}`;
    if (text.startsWith(`${hard}[`)) return `${standIn}${text.slice(hard.length)}`;
  }
  return text;
}

/** A copy of a snapshot with all its texts, keys included, exchanged. */
function mapped(value: unknown, exchange: (text: string) => string): unknown {
  if (typeof value === "string") return exchange(value);
  if (Array.isArray(value)) return value.map((one) => mapped(one, exchange));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [exchange(key), mapped(one, exchange)]),
  );
}

const hardName = /["';,]|--/;
const hardExpression = /;|--|,,/;

/** What is hard for drizzle-kit 0.31. */
export function hardInJournal(snapshot: Part): string[] {
  const tables = partsOf(snapshot, "tables");
  const within = (part: string) => tables.flatMap((table) => partsOf(table, part));
  const enums = partsOf(snapshot, "enums");
  const policies = [...within("policies"), ...partsOf(snapshot, "policies")];
  const expressions = [
    ...within("checkConstraints").map(({ value }) => value),
    ...within("indexes").flatMap(({ where, columns }) => [
      where,
      ...(columns as Part[]).map(({ expression, isExpression }) => isExpression && expression),
    ]),
    ...policies.flatMap(({ using, withCheck }) => [using, withCheck]),
  ];
  return [
    ...namesIn(snapshot),
    ...enums.flatMap(({ values }) => strings(values)).filter((value) => value.includes("'")),
    ...expressions.filter(isText).filter((text) => hardExpression.test(text)),
  ];
}

/** What is hard for drizzle-kit 1.0. */
export function hardInFolders({ ddl }: { readonly ddl: readonly object[] }): string[] {
  const rows = ddl as readonly Part[];
  const values = rows.flatMap(({ entityType, values: own }) =>
    entityType === "enums" ? strings(own) : [],
  );
  return [...namesIn(rows), ...values.filter((value) => value.includes("'"))];
}

/** Properties of snapshots that hold names. */
const nameKeys = new Set([
  ..."name schema table nameTo schemaTo tableFrom tableTo columnsFrom columnsTo columns to".split(
    " ",
  ),
]);

function namesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namesIn);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => {
    if (!nameKeys.has(key)) return namesIn(one);
    const own = strings(one).filter((name) => hardName.test(name));
    return [...own, ...namesIn(one)];
  });
}

function partsOf(of: Part, part: string): Part[] {
  return Object.values(partOf(of, part)) as Part[];
}

function strings(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter(isText);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
