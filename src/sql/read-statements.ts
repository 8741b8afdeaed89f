import { FleetError } from "../core/errors.ts";
import type { Statement } from "../core/migration.ts";
import { bodyOf } from "./body.ts";
import { type Classification, classify } from "./classify.ts";
import { pinSearchPath } from "./definer.ts";
import { keepFromPublic } from "./grants.ts";
import { violationOf } from "./isolation.ts";
import { identifierValue } from "./literals.ts";
import { neutralize } from "./neutralize.ts";
import { isOfOwnSchema, madeOnce } from "./own-schema.ts";
import type { Neutral, ParsedText } from "./parsed-text.ts";
import { isSchemaAsText } from "./references.ts";
import { type ChangedObject, changesBeside, rowsBeside, sharedIn } from "./shared.ts";
import { type SourceSchema, sourceOf } from "./source-schema.ts";
import { SourceText } from "./source-text.ts";
import { type RawStatement, splitStatements, withinLimits } from "./split.ts";
import { unboundReads } from "./unbound-reads.ts";
import type { Violation } from "./violation.ts";

/** What a migration may do beside working in the tenant schema. */
export interface Allowance {
  /** Schemas that statements may name beside the tenant's own. */
  readonly sharedSchemas: readonly string[];
  /** By which names the SQL calls the schema of its target; `public` by default. The first is the one to write. */
  readonly sourceSchemas?: readonly string[];
  /** The one schema that the SQL runs in, of a service that is not kept per tenant. */
  readonly singleSchema?: string | undefined;
  /** Set for a down: what its migration did to schemas beside the target's. */
  readonly down?: { readonly made: readonly ChangedObject[] } | undefined;
  /** Where CREATE EXTENSION puts extensions, once per database; without it the statement is refused. */
  readonly extensionSchema?: string | undefined;
  /** True when the parts that cannot be proved were reviewed and accepted (`acceptUnproved`). */
  readonly acceptUnproved?: boolean;
}

/** A migration file, read. */
export interface ReadMigration {
  /** True when it makes the target's schema, or drops it in a down. That is for the runner to do, and no statement. */
  readonly ownSchema: boolean;
  /** What it makes, changes or drops in schemas beside its target's, whether that is allowed or not. */
  readonly made: readonly ChangedObject[];
  /**
   * True when it names the service's one schema in a way that no other can take that one's place: in a scratch schema
   * it would work on the real one.
   */
  readonly asItStands: boolean;
  /** Schemas beside its target's in which it makes, changes or drops something, or writes rows. */
  readonly writesShared: readonly string[];
  /** What runs in every tenant schema. */
  readonly statements: readonly Statement[];
  /** Extensions that must be in the database before. */
  readonly extensions: readonly string[];
}

/**
 * Turns a migration file into statements that can run in any tenant schema.
 * `loadParser()` must have been awaited.
 *
 * @param file the path to show in errors
 * @param text the file's text; a byte order mark at its beginning is passed over
 * @param problems receives an error with file, line, caret and remedy for each statement that does not parse,
 *   that leaves the tenant, or that cannot be proved to stay
 */
export function readStatements(
  file: string,
  text: string,
  allowance: Allowance,
  problems: FleetError[],
): ReadMigration {
  const schema = sourceOf(allowance);
  const source = new SourceText(file, text.replace(/^\uFEFF/, ""));
  const statements: Statement[] = [];
  const extensions: string[] = [];
  const newEnumValues: string[] = [];
  const made: ChangedObject[] = [];
  const written = new Set<string>();
  let ownSchema = false;
  let asItStands = false;
  let boundary = false;
  problems.push(...unfinishedParts(source));
  for (const raw of splitStatements(source, problems)) {
    const kind = classify(raw.parsed.tree, schema);
    if (kind.extension !== undefined && allowance.extensionSchema !== undefined) {
      extensions.push(kind.extension);
      continue;
    }
    if (isOfOwnSchema(raw.parsed.tree, schema, allowance.down !== undefined)) {
      ownSchema = true;
      continue;
    }
    const read = () => neutralize(pinned(raw.parsed, schema, allowance), schema);
    const neutral = withinLimits(source, raw, problems, read);
    if (neutral === undefined) break;
    asItStands ||= neutral.asItStands === true;
    const changes = neutral.trees.flatMap((tree) => changesBeside(tree, schema));
    made.push(...changes);
    for (const one of [
      ...changes.map((change) => change.schema),
      ...neutral.trees.flatMap((tree) => rowsBeside(tree, schema)),
    ])
      written.add(one);
    const refusals = refusalsOf(neutral, kind, schema, allowance);
    problems.push(...refusals.map((refusal) => refused(source, raw, refusal)));
    if (refusals.length > 0) continue;
    if (kind.boundary) {
      boundary = true;
      continue;
    }
    const usesNewValue =
      kind.enumValue === undefined &&
      newEnumValues.some((value) => mentions(raw.parsed.text, value));
    statements.push({
      sql: neutral.sql,
      original: raw.parsed.text,
      line: source.line(raw.start),
      transactional: kind.transactional,
      startsSegment:
        boundary ||
        usesNewValue ||
        !kind.transactional ||
        statements.at(-1)?.transactional === false,
      ...(kind.concurrently === undefined ? {} : { concurrently: kind.concurrently }),
    });
    if (boundary || usesNewValue) newEnumValues.length = 0;
    newEnumValues.push(...neutral.trees.flatMap((tree) => classify(tree, schema).enumValue ?? []));
    boundary = false;
  }
  return { statements, extensions, ownSchema, asItStands, made, writesShared: [...written] };
}

/** A statement without what would open the tenant to other roles later on. */
function pinned(statement: ParsedText, source: SourceSchema, allowance: Allowance): ParsedText {
  const once = madeOnce(statement, allowance.extensionSchema);
  return keepFromPublic(pinSearchPath(once, source, sharedIn(allowance)), source);
}

function refusalsOf(
  neutral: Neutral,
  kind: Classification,
  source: SourceSchema,
  allowance: Allowance,
): Violation[] {
  const violations = neutral.trees.flatMap((tree) => violationOf(tree, source, allowance) ?? []);
  const { concurrently: work } = kind;
  if (neutral.endsTransaction === true) violations.push(commitInside);
  if (work !== undefined && "name" in work && work.name === "") violations.push(unnamedIndex);
  // A body is read in several ways, and says the same in each.
  if (violations.length > 0)
    return [...new Map(violations.map((one) => [one.message, one])).values()];
  if (neutral.unreplaced.length > 0)
    return [...new Set(neutral.unreplaced)].map((what) => unreplaced(what, source));
  if (allowance.acceptUnproved === true) return [];
  const reads = neutral.trees.flatMap((tree) => unboundReads(tree, source, sharedIn(allowance)));
  return [
    ...[...new Set(neutral.unproved)].map(unproved),
    ...new Map(reads.map((one) => [one.message, one])).values(),
  ];
}

function unproved(what: string): Violation {
  const called = /(\w+)\(\)/.exec(what)?.[1];
  return {
    ...(called === undefined ? {} : { name: called }),
    ...(what.includes(" EXECUTE ") ? { name: "execute", ...lineIn(what) } : {}),
    message: `cannot prove that this stays in the tenant: ${what}`,
    remedy: `${isSchemaAsText(what) ? "Write current_schema() in its place" : "Write it so that it can be read"}, or review it yourself and list the migration under acceptUnproved of the service.`,
  };
}

function unreplaced(what: string, { first }: SourceSchema): Violation {
  return {
    message: `cannot prove that this stays in the tenant: ${what}`,
    remedy: `It names ${first}, which cannot be replaced here: write ${what.startsWith(`the text '${first}' `) ? "current_schema() in its place" : "the names without it"}.`,
    name: first,
    ...lineIn(what),
  };
}

/** Where in a body something stands, as its message says. */
function lineIn(what: string): { line?: number } {
  const line = / in line (\d+) of the body$/.exec(what)?.[1];
  return line === undefined ? {} : { line: Number.parseInt(line, 10) };
}

const commitInside: Violation = {
  message: "a DO block cannot end the transaction that its migration runs in",
  remedy:
    "Write the steps as sections of the file, each in BEGIN; ... COMMIT;. Each is recorded, and a later attempt continues after it.",
  name: "commit",
};

const unnamedIndex: Violation = {
  message: "an index that is built CONCURRENTLY needs a name",
  remedy: "Name it: without a name an interrupted build cannot be recognised and cleaned up.",
};

function refused(source: SourceText, raw: RawStatement, violation: Violation): FleetError {
  const byte = placeInBody(raw, violation) ?? placeOf(raw, violation.name);
  return new FleetError("isolation", violation.message, {
    where: source.where(byte),
    excerpt: source.spot(byte).excerpt,
    remedy: violation.remedy,
  });
}

/** Where a name stands in the body of a function or DO block, from a line on. */
function placeInBody(raw: RawStatement, { name, line }: Violation): number | undefined {
  const token = line === undefined ? undefined : bodyOf(raw.parsed)?.token;
  if (token === undefined || line === undefined || name === undefined) return undefined;
  const before = token.text.split("\n").slice(0, line - 1);
  const from = before.reduce((length, text) => length + text.length + 1, 0);
  const at = token.text.toLowerCase().indexOf(name, from);
  return at < 0 ? undefined : raw.start + token.start + Buffer.byteLength(token.text.slice(0, at));
}

/** True when a statement spells a value as a literal, or as a part of an array's. */
function mentions(text: string, value: string): boolean {
  const spelled = [value, value.replaceAll("'", "''"), value.replaceAll("'", "\\'")];
  return spelled.some((one) => {
    for (let at = text.indexOf(one); at !== -1; at = text.indexOf(one, at + 1))
      if (delimits(text[at - 1], "{") && delimits(text[at + one.length], "}")) return true;
    return false;
  });
}

/** What a literal, or a value in an array's literal, begins and ends with. */
function delimits(character: string | undefined, brace: "{" | "}"): boolean {
  return character !== undefined && `'",${brace}`.includes(character);
}

/** Where the name stands: before a dot, as a word of its own, inside a literal or body; else at the beginning. */
function placeOf(raw: RawStatement, name: string | undefined): number {
  if (name === undefined) return raw.start;
  const [schema = name] = name.split(".");
  const { tokens } = raw.parsed;
  const spells = (index: number) => identifierValue(tokens[index]?.text ?? "") === schema;
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
  if (at !== undefined)
    return raw.start + (tokens[at]?.start ?? 0) + (tokens[at]?.text.startsWith('"') ? 1 : 0);
  const token = tokens.find(({ text }) => text.toLowerCase().includes(schema.toLowerCase()));
  if (token === undefined) return raw.start;
  const within = token.text.toLowerCase().indexOf(schema.toLowerCase());
  return raw.start + token.start + Buffer.byteLength(token.text.slice(0, within));
}

/** What `generate` could not make run is marked, and runs nowhere until a person has finished it. */
function unfinishedParts(source: SourceText): FleetError[] {
  return [...source.text.matchAll(unfinished)].map(({ index, 1: reason = "" }) => {
    const byte = Buffer.byteLength(source.text.slice(0, index));
    return new FleetError("proof", `it is not finished: ${reason}`, {
      where: source.where(byte),
      remedy: "Write what is missing, then remove this line.",
    });
  });
}

const unfinished = /^[ \t]*--[ \t]*drizzle-fleet:[ \t]*unfinished\b:?[ \t]*(.*)$/gm;
