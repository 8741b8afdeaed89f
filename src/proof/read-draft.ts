import { relative } from "node:path";
import type { SchemaDiff } from "../autogenerate/diff.ts";
import { statementBreakpoint } from "../autogenerate/down.ts";
import { FleetError } from "../core/errors.ts";
import type { Context } from "../fleet/context.ts";
import { allowanceOf } from "../fleet/services.ts";
import type { Allowance } from "../sql/allowance.ts";
import { codeTokens } from "../sql/parser.ts";
import { readStatements } from "../sql/read-statements.ts";
import { divideStatements } from "../sql/shared-statements.ts";

/**
 * Checks SQL before it is written: reads it as other commands will read the file. Statements that change what tenants
 * share are omitted first. `loadParser()` must have been awaited.
 *
 * @param up the migration's SQL
 * @param down the SQL of its down; if given, only the down is checked
 * @returns the problems: SQL that does not parse, contains a parameter, or leaves its tenant
 */
export function readDraft(
  context: Context,
  { service, path }: SchemaDiff,
  up: readonly string[],
  down?: readonly string[],
): readonly FleetError[] {
  const config = context.config.fleet.services[service];
  if (config === undefined) throw new Error(`no service ${service}`);
  const problems: FleetError[] = [];
  const read = (what: string, chunks: readonly string[], allowance: Allowance) => {
    const file = `${relative(process.cwd(), path)} (${what})`;
    const statements = divideStatements(chunks, allowance).rest;
    const made = readStatements(file, statements.join(statementBreakpoint), allowance, problems);
    return { file, statements, made };
  };
  const migration = read("the new migration", up, allowanceOf(config, "draft"));
  // The migration's problems were reported when it was checked.
  if (down !== undefined) problems.length = 0;
  const reverting = down && read("its down", down, allowanceOf(config, "draft", migration.made));
  const { file, statements } = reverting ?? migration;
  const broken = problems.some(({ code }) => code !== "isolation");
  const all = broken ? problems : [...problems, ...parametersIn(file, statements)];
  return all.map((problem) => refused(problem, service));
}

/** The problem for the user: the file does not exist yet, so the user must correct the Drizzle schema. */
function refused(problem: FleetError, service: string): FleetError {
  const { code, message, where, excerpt, remedy } = problem;
  const own = code === "isolation" || code === "schema";
  const advice = own
    ? remedy
    : "Write this part of the Drizzle schema differently, for example with sql.raw(...).";
  return new FleetError(
    own ? code : "schema",
    own ? message : `drizzle-kit wrote SQL that PostgreSQL cannot read: ${message}`,
    {
      ...(where === undefined ? {} : { where }),
      ...(excerpt === undefined ? {} : { excerpt }),
      remedy: `Nothing was written. ${advice} To write the files anyway and finish them by hand, run: npx drizzle-fleet generate ${service} --by-hand`,
      cause: problem,
    },
  );
}

/** A file has no values for parameters: `$1` outside of string literals is one that drizzle-kit left unfilled. */
function parametersIn(file: string, statements: readonly string[]): FleetError[] {
  return statements.flatMap((statement) => {
    const parameter = codeTokens(statement).find(({ text }) => /^\$\d+$/.test(text));
    if (parameter === undefined) return [];
    const line = statement.split("\n").find((one) => one.includes(parameter.text));
    const message = `drizzle-kit wrote a parameter without its value: ${parameter.text}`;
    const remedy = "Write the value into the SQL text, for example with sql.raw(...).";
    return new FleetError("schema", message, { where: file, excerpt: line ?? statement, remedy });
  });
}
