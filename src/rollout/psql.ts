import { refuseUnsendable } from "../core/sendable.ts";
import type { Channel } from "../postgres/channel.ts";
import { scan } from "../sql/parser.ts";
import { oneLine } from "./one-line.ts";

/** A statement may end in a line comment: the semicolon goes on a line of its own. */
const end = "\n;\n";

/** The variable that the script keeps its last answer in. */
const answer = "drizzle_fleet_answer";

/**
 * Writes down what a session would be sent, as a script for psql: its conditions become `\if`. The parser must be
 * loaded.
 */
export class PsqlScript implements Channel {
  /** The script is UTF-8, and a backslash in it nothing special, whatever psql and the role are set to. */
  readonly settings: ReadonlyMap<string, string> = new Map([
    ["client_encoding", "UTF8"],
    ["standard_conforming_strings", "on"],
  ]);
  readonly pooled = false;
  readonly lost = false;
  #text = "";

  /** @param comments what is said at the top, a line each */
  constructor(comments: readonly string[]) {
    this.#add(comments.map((line) => `-- ${oneLine(line)}\n`).join(""));
    // Whatever somebody's psqlrc says: each statement is for itself, and the first error ends the script.
    this.#add(`\\set ON_ERROR_STOP on
\\set AUTOCOMMIT on
\\set QUIET on
\\pset pager off
`);
  }

  /** What was written since the last time. */
  take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  /** Has psql say something, on standard error, where its errors go as well. */
  say(text: string): void {
    const quoted = oneLine(text).replaceAll("\\", "\\\\").replaceAll("'", "''");
    this.#add(`\\warn '${quoted}'\n`);
  }

  async script(sql: string): Promise<void> {
    this.#add(`${asItStands(sql)}${sql.endsWith(end) ? "" : end}`);
  }

  when(condition: string, then: () => Promise<void>): Promise<void> {
    return this.whenAny([condition], then);
  }

  /** As `when`, for the first of several conditions that is true; what comes behind it is not asked. */
  async whenAny(conditions: readonly string[], then: () => Promise<void>): Promise<void> {
    for (const [index, condition] of conditions.entries()) {
      if (index > 0) this.#add(`\\if :${answer}\n\\else\n`);
      this.#add(`\\encoding UTF8\nSELECT (${condition}) AS ${answer}\n\\gset\n`);
      if (index > 0) this.#add("\\endif\n");
    }
    this.#add(`\\if :${answer}\n`);
    await then();
    this.#add("\\endif\n");
  }

  async each(query: string): Promise<void> {
    this.#add(`${query}\n\\gexec\n`);
  }

  async close(): Promise<void> {}

  /** psql reads a line as far as a NUL byte. */
  #add(text: string): void {
    refuseUnsendable("the script", text);
    this.#text += text;
  }
}

/**
 * SQL that reaches the server through psql as it stands. Outside of quotes psql takes a colon and a name for one of its
 * variables (`items[1:port]`), and some it sets itself all the time. A space behind such a colon keeps them apart; to
 * PostgreSQL it means nothing.
 */
function asItStands(sql: string): string {
  if (!/(?<!:):(?![\s:=])/.test(sql)) return sql;
  const bytes = Buffer.from(sql);
  const colons = scan(sql).filter(({ text }) => text === ":");
  const ends = [0, ...colons.map((colon) => colon.end)];
  return ends.map((from, index) => bytes.toString("utf8", from, ends[index + 1])).join(" ");
}
