import { quoteLiteral } from "../core/quoting.ts";
import { refuseUnsendable } from "../core/sendable.ts";
import type { Channel, Sent } from "../postgres/channel.ts";
import { scan } from "../sql/parser.ts";
import { shortLine } from "./short-line.ts";

/** The semicolon is on a line of its own because a statement may end with a line comment. */
const end = "\n;\n";

/** The psql variable for the result of the last condition. */
const answer = "drizzle_fleet_answer";

/**
 * Writes a script for psql instead of sending messages to a session. Conditions become `\if`. The parser must be loaded
 * first.
 */
export class PsqlScript implements Channel {
  /** Makes the script UTF-8 and backslashes literal, whatever the settings of psql and the role are. */
  readonly settings: ReadonlyMap<string, string> = new Map([
    ["client_encoding", "UTF8"],
    ["standard_conforming_strings", "on"],
  ]);
  readonly pooled = false;
  readonly lost = false;
  #text = "";

  /** @param comments the first lines of the script */
  constructor(comments: readonly string[]) {
    this.#add(comments.map((line) => `-- ${shortLine(line)}\n`).join(""));
    // Overrides psqlrc: each statement is its own transaction, and the first error ends the script.
    this.#add(`\\set ON_ERROR_STOP on
\\set AUTOCOMMIT on
\\set QUIET on
\\pset pager off
`);
  }

  /** Returns and removes the text written so far. */
  take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  /** Makes psql print a line to standard error, where it also prints errors. */
  say(text: string): void {
    const quoted = shortLine(text).replaceAll("\\", "\\\\").replaceAll("'", "''");
    this.#add(`\\warn '${quoted}'\n`);
  }

  async script(sql: string): Promise<void> {
    this.#add(`${escapeColons(sql)}${sql.endsWith(end) ? "" : end}`);
  }

  async pipeline(statements: readonly Sent[]): Promise<void> {
    for (const statement of statements) this.#add(`${escapeColons(textOf(statement))}${end}`);
  }

  when(condition: string, then: () => Promise<void>): Promise<void> {
    return this.whenAny([condition], then);
  }

  /** Like `when`, if one of several conditions is true. Those after the first true one are not evaluated. */
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

  /** psql would cut a line at a NUL byte. */
  #add(text: string): void {
    refuseUnsendable("the script", text);
    this.#text += text;
  }
}

function textOf(sent: Sent): string {
  if (typeof sent === "string") return sent;
  return `EXECUTE ${sent.prepared} (${sent.values.map(quoteLiteral).join(", ")})`;
}

/**
 * Protects colons from psql, which takes a colon and a name outside quotes for one of its variables (`items[1:port]`).
 * A space after the colon prevents that, and PostgreSQL ignores it.
 */
function escapeColons(sql: string): string {
  if (!/(?<!:):(?![\s:=])/.test(sql)) return sql;
  const bytes = Buffer.from(sql);
  const colons = scan(sql).filter(({ text }) => text === ":");
  const ends = [0, ...colons.map((colon) => colon.end)];
  return ends.map((from, index) => bytes.toString("utf8", from, ends[index + 1])).join(" ");
}
