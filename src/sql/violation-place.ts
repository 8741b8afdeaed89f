import { FleetError } from "../core/errors.ts";
import { bodyOf } from "./body.ts";
import { identifierValue } from "./literals.ts";
import type { Token } from "./parser.ts";
import type { SourceText } from "./source-text.ts";
import type { RawStatement } from "./split.ts";
import type { Violation } from "./violation.ts";

/** The error for a violation, with the caret under the name that it is about. */
export function isolationError(
  source: SourceText,
  raw: RawStatement,
  violation: Violation,
): FleetError {
  const byte = placeInBody(raw, violation) ?? placeInStatement(raw, violation.name);
  return new FleetError("isolation", violation.message, {
    where: source.where(byte),
    excerpt: source.spot(byte).excerpt,
    remedy: violation.remedy,
  });
}

/** The first place of a name in the body of a function or DO block, from a line of it on. */
function placeInBody(raw: RawStatement, { name, line }: Violation): number | undefined {
  const token = line === undefined ? undefined : bodyOf(raw.parsed)?.token;
  if (token === undefined || line === undefined || name === undefined) return undefined;
  const before = token.text.split("\n").slice(0, line - 1);
  const from = before.reduce((length, text) => length + text.length + 1, 0);
  const at = token.text.toLowerCase().indexOf(name, from);
  return at < 0 ? undefined : raw.start + token.start + Buffer.byteLength(token.text.slice(0, at));
}

/**
 * Where a name is: before a dot, else as a separate word, else inside a literal or body, else the statement's start.
 */
function placeInStatement(raw: RawStatement, name: string | undefined): number {
  if (name === undefined) return raw.start;
  const [schema = name] = name.split(".");
  const { tokens } = raw.parsed;
  const token = tokenNaming(schema, tokens);
  if (token !== undefined) return raw.start + token.start + (token.text.startsWith('"') ? 1 : 0);
  const around = tokens.find(({ text }) => text.toLowerCase().includes(schema.toLowerCase()));
  if (around === undefined) return raw.start;
  const within = around.text.toLowerCase().indexOf(schema.toLowerCase());
  return raw.start + around.start + Buffer.byteLength(around.text.slice(0, within));
}

/** The token that spells a name, preferably as the schema of a relation. */
function tokenNaming(name: string, tokens: readonly Token[]): Token | undefined {
  const spells = (index: number) => identifierValue(tokens[index]?.text ?? "") === name;
  const isRelation = (index: number) =>
    !/^(select|where|and|or|on|by|set|,|\()$/i.test(tokens[index - 1]?.text ?? "");
  const indexes = [...tokens.keys()];
  const qualifiers = indexes.filter(
    (index) => spells(index) && tokens[index + 1]?.text === "." && tokens[index - 1]?.text !== ".",
  );
  const at =
    qualifiers.find((index) => tokens[index + 3]?.text === "." || isRelation(index)) ??
    qualifiers[0] ??
    indexes.find(spells);
  return at === undefined ? undefined : tokens[at];
}
