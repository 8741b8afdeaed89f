import type { BatchedWork } from "../core/batch.ts";
import { FleetError } from "../core/errors.ts";
import type { Statement } from "../core/migration.ts";
import { type Allowance, allowedSchemas } from "./allowance.ts";
import { type BatchMark, batchError, readBatchMarks } from "./batch-marks.ts";
import { batchedWork, isUnfit } from "./batches.ts";
import {
  type ChangedObject,
  changesOutsideTarget,
  schemasWithChangedRows,
} from "./changed-objects.ts";
import { type Classification, classify } from "./classify.ts";
import { neutralize } from "./neutralize.ts";
import type { Neutralized } from "./neutralized.ts";
import type { ParsedText } from "./parsed-text.ts";
import { isPlain } from "./plain.ts";
import { replacePublicGrantee } from "./public-grants.ts";
import { refusalsOf } from "./refusals.ts";
import { pinSearchPath } from "./security-definer.ts";
import { type SourceSchema, sourceOf } from "./source-schema.ts";
import { SourceText } from "./source-text.ts";
import { type RawStatement, splitStatements, withinLimits } from "./split.ts";
import { createIfMissing, isTargetSchemaStatement } from "./target-schema.ts";
import { isolationError } from "./violation-place.ts";

/** The result of reading a migration file. */
export interface ReadMigration {
  /**
   * True when it creates the target's schema, or a down drops it. That is the runner's task, and not one of
   * `statements`.
   */
  readonly ownSchema: boolean;
  /** What it creates, changes or drops in schemas other than its target's, whether that is allowed or not. */
  readonly changedOutside: readonly ChangedObject[];
  /**
   * True when it names the service's single schema where the name cannot be replaced: in a scratch schema it would
   * change the real one.
   */
  readonly boundToSchema: boolean;
  /** Schemas other than its target's in which it creates, changes or drops something, or writes rows. */
  readonly writesShared: readonly string[];
  /** What runs in every tenant schema. */
  readonly statements: readonly Statement[];
  /** Extensions that the database must have before the migration runs. */
  readonly extensions: readonly string[];
}

/**
 * Turns a migration file into statements that can run in any tenant schema.
 * `loadParser()` must have been awaited.
 *
 * @param file the path to show in errors
 * @param text the file's text; a byte order mark at its beginning is ignored
 * @param problems receives an error with file, line, caret and remedy for each statement that does not parse,
 *   that leaves the tenant, or that cannot be proved to stay in it
 */
export function readStatements(
  file: string,
  text: string,
  allowance: Allowance,
  problems: FleetError[],
): ReadMigration {
  const source = new SourceText(file, text.replace(/^\uFEFF/, ""));
  problems.push(...unfinishedParts(source));
  const reader = new MigrationReader(source, allowance, problems);
  const before = problems.length;
  const statements = splitStatements(source, problems);
  const marks = problems.length > before ? undefined : readBatchMarks(source, statements, problems);
  for (const raw of statements) if (!reader.read(raw, marks?.get(raw))) break;
  return reader.migration;
}

/** Reads the statements of one file in order: what an earlier one did decides where a later one begins a segment. */
class MigrationReader {
  readonly #source: SourceText;
  readonly #allowance: Allowance;
  readonly #problems: FleetError[];
  readonly #schema: SourceSchema;
  readonly #statements: Statement[] = [];
  readonly #extensions: string[] = [];
  readonly #changedOutside: ChangedObject[] = [];
  readonly #writesShared = new Set<string>();
  #ownSchema = false;
  #boundToSchema = false;
  /** True when a BEGIN or COMMIT precedes the next statement. */
  #afterBoundary = false;
  /** Enum values that the current segment adds: using one needs a commit first. */
  #newEnumValues: string[] = [];

  constructor(source: SourceText, allowance: Allowance, problems: FleetError[]) {
    this.#source = source;
    this.#allowance = allowance;
    this.#problems = problems;
    this.#schema = sourceOf(allowance);
  }

  get migration(): ReadMigration {
    return {
      statements: this.#statements,
      extensions: this.#extensions,
      ownSchema: this.#ownSchema,
      boundToSchema: this.#boundToSchema,
      changedOutside: this.#changedOutside,
      writesShared: [...this.#writesShared],
    };
  }

  /**
   * @param mark the statement's `batch` mark
   * @returns false when the statement exceeds a limit: the rest of the file must not be read
   */
  read(raw: RawStatement, mark: BatchMark | undefined): boolean {
    const kind = classify(raw.parsed.tree, this.#schema);
    if (kind.extension !== undefined && this.#allowance.extensionSchema !== undefined) {
      this.#extensions.push(kind.extension);
      return true;
    }
    if (
      isTargetSchemaStatement(raw.parsed.tree, this.#schema, this.#allowance.down !== undefined)
    ) {
      this.#ownSchema = true;
      return true;
    }
    const neutral = withinLimits(this.#source, raw, this.#problems, () =>
      neutralize(this.#closed(raw.parsed), this.#schema),
    );
    if (neutral === undefined) return false;
    this.#noteChanges(neutral);
    const refusals = refusalsOf(neutral, kind, this.#schema, this.#allowance);
    this.#problems.push(...refusals.map((one) => isolationError(this.#source, raw, one)));
    if (refusals.length > 0) return true;
    if (kind.boundary) this.#afterBoundary = true;
    else this.#add(raw, kind, neutral, this.#batch(raw, neutral, mark));
    return true;
  }

  /** The statement without what would later give other roles access to the tenant. */
  #closed(statement: ParsedText): ParsedText {
    const tolerant = createIfMissing(statement, this.#allowance.extensionSchema);
    const pinned = pinSearchPath(tolerant, this.#schema, allowedSchemas(this.#allowance));
    return replacePublicGrantee(pinned, this.#schema);
  }

  #noteChanges({ trees, boundToSchema }: Neutralized): void {
    this.#boundToSchema ||= boundToSchema === true;
    const changes = trees.flatMap((tree) => changesOutsideTarget(tree, this.#schema));
    this.#changedOutside.push(...changes);
    for (const { schema } of changes) this.#writesShared.add(schema);
    for (const tree of trees)
      for (const schema of schemasWithChangedRows(tree, this.#schema))
        this.#writesShared.add(schema);
  }

  /** How the statement runs in batches; undefined without a mark, or if it cannot, which is a problem. */
  #batch(
    { parsed }: RawStatement,
    neutral: Neutralized,
    mark: BatchMark | undefined,
  ): BatchedWork | undefined {
    if (mark === undefined) return undefined;
    const work = batchedWork(parsed, neutral.sql, mark, this.#schema);
    if (!isUnfit(work)) return work;
    this.#problems.push(batchError(this.#source, mark.start, work.message, work.remedy));
    return undefined;
  }

  #add(
    raw: RawStatement,
    kind: Classification,
    neutral: Neutralized,
    batch: BatchedWork | undefined,
  ): void {
    const usesNewValue =
      kind.enumValue === undefined &&
      this.#newEnumValues.some((value) => mentions(raw.parsed.text, value));
    const needsCommit = this.#afterBoundary || usesNewValue;
    const before = this.#statements.at(-1);
    const afterLone = before?.transactional === false || before?.batch !== undefined;
    const isLone = !kind.transactional || batch !== undefined;
    this.#statements.push({
      sql: neutral.sql,
      original: raw.parsed.text,
      line: this.#source.line(raw.start),
      transactional: kind.transactional,
      startsSegment: needsCommit || isLone || afterLone,
      // With more than one tree, it contains a body.
      plain:
        neutral.trees.length === 1 && neutral.unproved.length === 0 && neutral.trees.every(isPlain),
      ...(kind.concurrently === undefined ? {} : { concurrently: kind.concurrently }),
      ...(batch === undefined ? {} : { batch }),
    });
    if (needsCommit) this.#newEnumValues = [];
    for (const tree of neutral.trees) {
      const { enumValue } = classify(tree, this.#schema);
      if (enumValue !== undefined) this.#newEnumValues.push(enumValue);
    }
    this.#afterBoundary = false;
  }
}

/** True when a statement spells a value as a literal, or as an element of an array literal. */
function mentions(text: string, value: string): boolean {
  const spellings = [value, value.replaceAll("'", "''"), value.replaceAll("'", "\\'")];
  return spellings.some((one) => {
    for (let at = text.indexOf(one); at !== -1; at = text.indexOf(one, at + 1))
      if (delimits(text[at - 1], "{") && delimits(text[at + one.length], "}")) return true;
    return false;
  });
}

/** True for a character that can begin or end a literal, or an element of an array literal. */
function delimits(character: string | undefined, brace: "{" | "}"): boolean {
  return character !== undefined && `'",${brace}`.includes(character);
}

/** `generate` marks the SQL that it could not complete; the file cannot run until you have completed it. */
function unfinishedParts(source: SourceText): FleetError[] {
  return [...source.text.matchAll(unfinished)].map(({ index, 1: reason = "" }) => {
    const byte = Buffer.byteLength(source.text.slice(0, index));
    return new FleetError("proof", `the file is unfinished: ${reason}`, {
      where: source.where(byte),
      remedy: "Complete the SQL, then remove this line.",
    });
  });
}

const unfinished = /^[ \t]*--[ \t]*drizzle-fleet:[ \t]*unfinished\b:?[ \t]*(.*)$/gm;
