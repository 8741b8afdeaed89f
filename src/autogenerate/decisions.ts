import { FleetError } from "../core/errors.ts";

const kinds = ["table", "column", "enum", "view", "sequence", "policy", "role", "schema"] as const;

/** The kinds of objects that drizzle-kit identifies by name. */
export type Kind = (typeof kinds)[number];

/** Objects that were removed and objects that were added: two schemas do not show whether they were renamed. */
export interface RenameQuestion {
  readonly kind: Kind;
  /** For columns and policies: their table, by its new name. */
  readonly table?: string;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/** An answer: this object was renamed and keeps its data. */
export interface Rename {
  readonly kind: Kind;
  /** For columns and policies: their table, by its new name. */
  readonly table?: string;
  readonly from: string;
  readonly to: string;
}

/** An answer: this object was dropped, and none of the added ones is its new name. */
export interface Drop {
  readonly kind: Kind;
  readonly table?: string;
  readonly name: string;
}

/** Answers to questions that drizzle-kit cannot answer from the schemas. */
export interface Decisions {
  readonly renames: readonly Rename[];
  readonly drops: readonly Drop[];
}

export const undecided: Decisions = { renames: [], drops: [] };

/** One removed object, and the added objects that can be its new name. */
export interface Choice {
  readonly service: string;
  readonly kind: Kind;
  readonly table?: string;
  readonly removed: string;
  readonly added: readonly string[];
}

/** Answers with the object's new name, or with undefined if it was dropped. */
export type Ask = (choice: Choice) => Promise<string | undefined>;

/** The decisions for the opposite direction. */
export function reversed({ renames }: Decisions): Decisions {
  const tables = renames.filter(({ kind }) => kind === "table");
  const before = (name: string) => tables.find(({ to }) => to === name)?.from ?? name;
  const back = renames.map(({ kind, table, from, to }) => ({
    kind,
    from: to,
    to: from,
    ...(table === undefined ? {} : { table: before(table) }),
  }));
  return { renames: back, drops: [] };
}

/** The part of a question that these decisions do not answer. */
function openPart(question: RenameQuestion, { drops }: Decisions): RenameQuestion | undefined {
  const dropped = new Set(
    drops
      .filter(({ kind, table }) => kind === question.kind && table === question.table)
      .map(({ name }) => name),
  );
  const removed = question.removed.filter((name) => !dropped.has(name));
  return removed.length === 0 || question.added.length === 0 ? undefined : { ...question, removed };
}

/**
 * Answers the questions of a service, one at a time: an answer about a table leads to questions about its columns.
 *
 * @param questionsOf gives the questions that remain with the decisions so far
 * @param given the answers that were given in advance
 * @param ask asks a person; undefined to leave other questions open
 * @returns the decisions that were used, and the open questions
 * @throws FleetError `rename` for a given answer that contradicts the schemas
 */
export async function decide(
  service: string,
  questionsOf: (decisions: Decisions) => Promise<readonly RenameQuestion[]>,
  given: Decisions,
  ask: Ask | undefined,
): Promise<{ readonly decisions: Decisions; readonly open: readonly RenameQuestion[] }> {
  let decisions = undecided;
  for (;;) {
    const questions = (await questionsOf(decisions)).flatMap(
      (question) => openPart(question, decisions) ?? [],
    );
    const answer =
      questions.map((question) => answerFor(question, given)).find((one) => one !== undefined) ??
      (await asked(service, questions[0], ask));
    if (answer === undefined) return { decisions, open: questions };
    decisions = {
      renames: [...decisions.renames, ...answer.renames],
      drops: [...decisions.drops, ...answer.drops],
    };
  }
}

function answerFor(question: RenameQuestion, given: Decisions): Decisions | undefined {
  const { kind, table, removed, added } = question;
  const about = (answer: Rename | Drop) => answer.kind === kind && answer.table === table;
  const rename = given.renames.find(
    (one) => about(one) && removed.includes(one.from) && added.includes(one.to),
  );
  if (rename !== undefined) return { renames: [rename], drops: [] };
  const drop = given.drops.find((one) => about(one) && removed.includes(one.name));
  return drop && { renames: [], drops: [drop] };
}

async function asked(
  service: string,
  question: RenameQuestion | undefined,
  ask: Ask | undefined,
): Promise<Decisions | undefined> {
  if (question === undefined || ask === undefined) return undefined;
  const {
    kind,
    removed: [removed = ""],
    added,
    table,
  } = question;
  const of = table === undefined ? {} : { table };
  const to = await ask({ service, kind, ...of, removed, added });
  return to === undefined
    ? { renames: [], drops: [{ kind, ...of, name: removed }] }
    : { renames: [{ kind, ...of, from: removed, to }], drops: [] };
}

/** Refuses answers that match no service's schema: a misspelled one must not lead to a dropped column. */
export function refuseUnused(given: Decisions, used: readonly Decisions[]): void {
  refuseContradiction(given);
  const known = new Set(used.flatMap(flagsOf));
  const idle = flagsOf(given).filter((flag) => !known.has(flag));
  if (idle.length === 0) return;
  throw new FleetError(
    "rename",
    `${idle.join(" and ")} ${idle.length === 1 ? "matches" : "match"} no schema change`,
    {
      remedy:
        "Nothing was written. To see what was removed and added, run: npx drizzle-fleet check",
    },
  );
}

function refuseContradiction({ renames, drops }: Decisions): void {
  for (const rename of renames) {
    const { kind, table, from: name } = rename;
    const drop = drops.find((one) => one.kind === kind && one.table === table && one.name === name);
    if (drop === undefined) continue;
    throw new FleetError(
      "rename",
      `${renameFlag(rename)} and ${dropFlag(drop)} contradict each other`,
      {
        remedy: "Nothing was written. Keep only one of them.",
      },
    );
  }
}

/** The command-line options for these decisions. */
function flagsOf({ renames, drops }: Decisions): string[] {
  return [...renames.map(renameFlag), ...drops.map(dropFlag)];
}

function renameFlag({ kind, table, from, to }: Rename): string {
  return `--rename ${kind}:${nameOf(table, from)}=${to}`;
}

function dropFlag({ kind, table, name }: Drop): string {
  return `--drop ${kind}:${nameOf(table, name)}`;
}

function nameOf(table: string | undefined, name: string): string {
  return table === undefined ? name : `${table}.${name}`;
}

/** The questions of one service that are open. */
export interface OpenQuestions {
  readonly service: string;
  readonly questions: readonly RenameQuestion[];
}

/** Refuses to guess: throws with the open questions and the options that answer them. */
export function refuseOpen(open: readonly OpenQuestions[]): void {
  if (open.length === 0) return;
  const lines = open.flatMap(({ service, questions }) =>
    questions.flatMap((question) => [
      `  ${service}: ${questionText(question)}`,
      ...flagsFor(question).map((flags) => `    ${flags}`),
    ]),
  );
  throw new FleetError("rename", `possible renames are undecided:\n${lines.join("\n")}`, {
    remedy:
      "Nothing was written. Run the same command with one option from each line, or run it in a terminal to be asked.",
  });
}

/** The options to choose from, one line for each removed object. */
function flagsFor({ kind, table, removed, added }: RenameQuestion): string[] {
  const of = table === undefined ? {} : { table };
  return removed.map((from) =>
    [
      ...added.map((to) => renameFlag({ kind, ...of, from, to })),
      dropFlag({ kind, ...of, name: from }),
    ].join("  or  "),
  );
}

/** A question as shown to the user. */
export function questionText({ kind, table, removed, added }: RenameQuestion): string {
  const of = (name: string) => nameOf(table, name);
  const were = removed.length === 1 ? "was" : "were";
  return `${kind} ${removed.map(of).join(", ")} ${were} removed and ${added.map(of).join(", ")} added: renamed, or dropped and created?`;
}

/**
 * Parses the argument of --rename: `table:old=new`, `column:table.old=new`, and so on for every kind.
 *
 * @throws FleetError `usage`
 */
export function parseRename(text: string): Rename {
  const [, kind = "", name = "", to = ""] = /^(\w+):([^=]+)=(.+)$/.exec(text) ?? [];
  const place = placeOf(kind, name);
  if (place === undefined || to === "")
    throw argumentError("--rename", text, "column:users.mail=email");
  // The table can be repeated after the equals sign.
  const prefix = `${place.table}.`;
  const target = place.table !== undefined && to.startsWith(prefix) ? to.slice(prefix.length) : to;
  return { kind: place.kind, ...tableOf(place), from: place.name, to: target };
}

/**
 * Parses the argument of --drop: `table:old`, `column:table.old`, and so on for every kind.
 *
 * @throws FleetError `usage`
 */
export function parseDrop(text: string): Drop {
  const [, kind = "", name = ""] = /^(\w+):([^=]+)$/.exec(text) ?? [];
  const place = placeOf(kind, name);
  if (place === undefined) throw argumentError("--drop", text, "column:users.mail");
  return { kind: place.kind, ...tableOf(place), name: place.name };
}

function placeOf(text: string, name: string): Drop | undefined {
  const kind = kinds.find((one) => one === text);
  if (kind === undefined || name === "") return undefined;
  if (kind !== "column" && kind !== "policy") return { kind, name };
  const [, table, own] = /^([^.]+)\.(.+)$/.exec(name) ?? [];
  return table === undefined || own === undefined ? undefined : { kind, table, name: own };
}

function tableOf({ table }: Drop): { readonly table?: string } {
  return table === undefined ? {} : { table };
}

function argumentError(option: string, text: string, example: string): FleetError {
  return new FleetError("usage", `${option} ${text} is not valid`, {
    remedy: `Write a kind and names, as in ${option} ${example}. Kinds: ${kinds.join(", ")}.`,
  });
}
