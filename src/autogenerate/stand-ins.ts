import { partOf, type SnapshotPart } from "./snapshot-parts.ts";

// drizzle-kit does not double the quotes in names and new enum values. 0.31 also stores parts of a schema as strings that
// it splits again at ";", "--" and ",": an expression that contains one of these is cut off, often without an error. Such
// texts are replaced by stand-ins while drizzle-kit makes its SQL, and are then put back into the SQL with quotes.

/** Snapshots with stand-ins, and how to put the texts back. */
export interface StandIns<Content> {
  readonly previous: Content;
  readonly current: Content;
  /** The name that these snapshots use for a name. */
  readonly nameOf: (name: string) => string;
  readonly putBack: (sql: string) => string;
}

/**
 * Replaces the texts of two snapshots that drizzle-kit cannot write. The same text gets the same stand-in in both.
 *
 * @param hardIn finds these texts in a snapshot
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
    // A text after a quote is a name or a value, and its quotes are doubled; an expression is inserted unchanged.
    putBack: (sql) =>
      sql.replace(pattern, (_, quote: string, index: string) => {
        const text = hard[Number(index)] ?? "";
        return quote + (quote === "" ? text : text.replaceAll(quote, quote + quote));
      }),
  };
}

const same = (text: string) => text;

/** Letters that occur nowhere else in the snapshots. */
function unusedPrefix(json: string): string {
  let prefix = "standin";
  while (json.includes(prefix)) prefix += "n";
  return prefix;
}

/** Replaces a complete text, a name after its schema, or an array's element type. */
function exchanged(text: string, standIns: ReadonlyMap<string, string>): string {
  const whole = standIns.get(text);
  if (whole !== undefined) return whole;
  for (const [hard, standIn] of standIns) {
    if (text.endsWith(`.${hard}`)) return `${text.slice(0, -hard.length)}${standIn}`;
    if (text.startsWith(`${hard}[`)) return `${standIn}${text.slice(hard.length)}`;
  }
  return text;
}

/** A copy of a snapshot with all texts replaced, including keys. */
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

/** The texts that drizzle-kit 0.31 cannot write. */
export function hardInJournal(snapshot: SnapshotPart): string[] {
  const tables = partsOf(snapshot, "tables");
  const within = (part: string) => tables.flatMap((table) => partsOf(table, part));
  const enums = partsOf(snapshot, "enums");
  const policies = [...within("policies"), ...partsOf(snapshot, "policies")];
  const expressions = [
    ...within("checkConstraints").map(({ value }) => value),
    ...within("indexes").flatMap(({ where, columns }) => [
      where,
      ...(columns as SnapshotPart[]).map(
        ({ expression, isExpression }) => isExpression && expression,
      ),
    ]),
    ...policies.flatMap(({ using, withCheck }) => [using, withCheck]),
  ];
  return [
    ...namesIn(snapshot),
    ...enums.flatMap(({ values }) => strings(values)).filter((value) => value.includes("'")),
    ...expressions.filter(isText).filter((text) => hardExpression.test(text)),
  ];
}

/** The texts that drizzle-kit 1.0 cannot write. */
export function hardInFolders({ ddl }: { readonly ddl: readonly object[] }): string[] {
  const rows = ddl as readonly SnapshotPart[];
  const values = rows.flatMap(({ entityType, values: own }) =>
    entityType === "enums" ? strings(own) : [],
  );
  return [...namesIn(rows), ...values.filter((value) => value.includes("'"))];
}

/** Properties of snapshots that contain names. */
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

function partsOf(of: SnapshotPart, part: string): SnapshotPart[] {
  return Object.values(partOf(of, part)) as SnapshotPart[];
}

function strings(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter(isText);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
