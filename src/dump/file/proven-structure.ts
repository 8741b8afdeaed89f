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
import type { FileSchema, PlacedLine } from "./tenant-file.ts";
import { isStructure } from "./written-shape.ts";

/**
 * Stands for the tenant schema while a file's SQL is read. It is drawn for each run, so that no file can name it; and it is plain,
 * as the placeholder of migrations is not: PostgreSQL has written names into constants, where they are read like any other.
 */
const standIn = `tenant_${randomBytes(8).toString("hex")}`;
const quotedStandIn = quoteIdentifier(standIn);

/** The SQL of a file runs where its stand-in is right, and nothing of it is called public. */
const source = new SourceSchema(["public"], standIn);

/** What a file may do beside making the objects of one tenant. */
export interface FileAllowance extends Allowance {
  /** Bodies of routines (`bodiesIn`) that a migration has which is listed under `acceptUnproved`. */
  readonly acceptedBodies: ReadonlySet<string>;
}

/**
 * Proves the SQL of a file as that of migrations is proved: each statement is one, as a structure is made of, in the tenant's own
 * schema, and names no other schema than those that the configuration allows. `loadParser()` must have been awaited.
 *
 * @returns an error for each statement that is not, with the file's line
 */
export function structureProblems(
  { preData, postData, where }: PlacedLine<FileSchema>,
  allowance: FileAllowance,
): FleetError[] {
  const problemsIn = (list: readonly Template[], name: string) =>
    list.flatMap((template, index) => {
      const reason = reasonAgainst(fill(template, quotedStandIn), allowance);
      return reason === undefined ? [] : problem(where, `${name} ${index + 1}`, template, reason);
    });
  return [...problemsIn(preData, "preData"), ...problemsIn(postData, "postData")];
}

/** The bodies of routines that statements make, as they stand in a file that is read. */
export function bodiesIn(statements: readonly Statement[]): string[] {
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
      return { ...strange, message: `it is ${statements.length} statements, and must be one` };
    if (!isStructure(statement.tree, standIn)) return strange;
    return violation(statement, allowance);
  } catch (error) {
    if (!(error instanceof GrammarError || error instanceof LimitError)) throw error;
    return { ...strange, message: error.message };
  }
}

const strange: Reason = {
  message: "it is not a kind of statement that tenants export writes",
  remedy: "Nothing was run. Export the tenant again: drizzle-fleet tenants export <id> <file>",
};

function violation(statement: ParsedText, allowance: FileAllowance): Reason | undefined {
  const { trees, sql, unproved, unreplaced } = neutralize(statement, source);
  const { sharedSchemas, extensionSchema } = allowance;
  const [found] = [statement.tree, ...trees].flatMap(
    (tree) => violationOf(tree, source, allowance) ?? [],
  );
  if (found !== undefined) return found;
  const shared = [...sharedSchemas, extensionSchema].includes("public");
  // To a file public is a schema like any other: nothing is replaced in it.
  if (!shared && (sql.length > 1 || unreplaced.length > 0))
    return {
      message: 'it names the schema "public", which is neither the tenant\'s nor shared',
      remedy: 'List "public" under sharedSchemas of the service, if tenants may use what is there.',
    };
  const [doubt] = unproved;
  const accepted =
    allowance.acceptUnproved === true ||
    allowance.acceptedBodies.has(bodyOf(statement)?.value ?? "");
  if (doubt === undefined || accepted) return undefined;
  return {
    message: `cannot prove that this stays in the tenant: ${doubt}`,
    remedy: "Read it, and if it does: drizzle-fleet tenants import --accept-unproved",
  };
}

function problem(
  where: string,
  place: string,
  template: Template,
  { message, remedy }: Reason,
): FleetError {
  const [line = ""] = fill(template, placeholder).trim().split("\n");
  const shown = line.length > 160 ? `${line.slice(0, 160)}...` : line;
  const said = message.replaceAll(standIn, "{tenant}");
  return new FleetError("isolation", `${place}: ${said}`, { where, remedy, excerpt: shown });
}
