import { randomBytes } from "node:crypto";
import { FleetError } from "../../core/errors.ts";
import type { Statement } from "../../core/migration.ts";
import { quoteIdentifier } from "../../core/quoting.ts";
import { fill, placeholder, type Template } from "../../core/template.ts";
import type { Allowance } from "../../sql/allowance.ts";
import { bodyOf } from "../../sql/body.ts";
import { violationOf } from "../../sql/isolation.ts";
import { LimitError } from "../../sql/limits.ts";
import { neutralize } from "../../sql/neutralize.ts";
import { type ParsedText, parseText } from "../../sql/parsed-text.ts";
import { GrammarError } from "../../sql/parser.ts";
import { SourceSchema } from "../../sql/source-schema.ts";
import type { FileSchema, PlacedLine } from "./format.ts";
import { isStructure } from "./written-shape.ts";

/**
 * Replaces the tenant schema's name while a file's SQL is checked. It is random, so that no file can name it. Unlike the
 * placeholder of migrations it needs no quotes: the file contains constants in which PostgreSQL wrote the name unquoted.
 */
const standIn = `tenant_${randomBytes(8).toString("hex")}`;
const quotedStandIn = quoteIdentifier(standIn);

/** Finds references to the schema public, which a file's SQL may contain only if it is a shared schema. */
const source = new SourceSchema(["public"], standIn);

/** What a file may contain besides the objects of one tenant. */
export interface FileAllowance extends Allowance {
  /** Bodies of routines, see `routineBodies`, of migrations that are listed under `acceptUnproved`. */
  readonly acceptedBodies: ReadonlySet<string>;
}

/**
 * Checks a file's SQL as the SQL of migrations is checked: each text is a single statement of a kind that a structure
 * contains, it stays in the tenant schema, and it names no other schemas than the configuration allows. Await
 * `loadParser()` first.
 *
 * @returns an error for each statement that is not allowed, with the file's line
 */
export function structureProblems(
  { preData, postData, where }: PlacedLine<FileSchema>,
  allowance: FileAllowance,
): FleetError[] {
  const problemsIn = (list: readonly Template[], name: string) =>
    list.flatMap((template, index) => {
      const reason = reasonAgainst(fill(template, quotedStandIn), allowance);
      return reason === undefined
        ? []
        : structureError(where, `${name} ${index + 1}`, template, reason);
    });
  return [...problemsIn(preData, "preData"), ...problemsIn(postData, "postData")];
}

/** The bodies of the routines that statements create, spelled as in a file that is being checked. */
export function routineBodies(statements: readonly Statement[]): string[] {
  return statements.flatMap(({ sql }) =>
    parseText(fill(sql, quotedStandIn)).flatMap((one) => bodyOf(one)?.value ?? []),
  );
}

interface Reason {
  readonly message: string;
  readonly remedy: string;
}

function reasonAgainst(text: string, allowance: FileAllowance): Reason | undefined {
  try {
    const statements = text.trim() === "" ? [] : parseText(text);
    const [statement, ...more] = statements;
    if (statement === undefined || more.length > 0)
      return {
        ...unknownKind,
        message: `it contains ${statements.length} statements instead of one`,
      };
    if (!isStructure(statement.tree, standIn)) return unknownKind;
    return violation(statement, allowance);
  } catch (error) {
    if (!(error instanceof GrammarError || error instanceof LimitError)) throw error;
    return { ...unknownKind, message: error.message };
  }
}

const unknownKind: Reason = {
  message: "tenants export does not write statements of this kind",
  remedy:
    "Nothing was run. To export the tenant again, run: npx drizzle-fleet tenants export <tenant> <file>",
};

function violation(statement: ParsedText, allowance: FileAllowance): Reason | undefined {
  const { trees, sql, unproved, unreplaced } = neutralize(statement, source);
  const { sharedSchemas, extensionSchema } = allowance;
  const [found] = [statement.tree, ...trees].flatMap(
    (tree) => violationOf(tree, source, allowance) ?? [],
  );
  if (found !== undefined) return found;
  const shared = [...sharedSchemas, extensionSchema].includes("public");
  // In a file, public is a schema like any other.
  if (!shared && (sql.length > 1 || unreplaced.length > 0))
    return {
      message: 'it names the schema "public", which is neither the tenant\'s nor shared',
      remedy: 'If tenants may use objects in it, add "public" to the service\'s sharedSchemas.',
    };
  const [doubt] = unproved;
  const accepted =
    allowance.acceptUnproved === true ||
    allowance.acceptedBodies.has(bodyOf(statement)?.value ?? "");
  if (doubt === undefined || accepted) return undefined;
  return {
    message: `cannot prove that this stays in the tenant: ${doubt}`,
    remedy:
      "Review it. If it stays in the tenant, run: npx drizzle-fleet tenants import <file> --accept-unproved",
  };
}

function structureError(
  where: string,
  place: string,
  template: Template,
  { message, remedy }: Reason,
): FleetError {
  const [line = ""] = fill(template, placeholder).trim().split("\n");
  const shown = line.length > 160 ? `${line.slice(0, 160)}...` : line;
  const text = message.replaceAll(standIn, "{tenant}");
  return new FleetError("isolation", `${place}: ${text}`, { where, remedy, excerpt: shown });
}
