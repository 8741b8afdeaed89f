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
 * Reads SQL that is about to be written, as every command will read its file; what tenants share is left out of it
 * before. The parser must be loaded.
 *
 * @param up the migration's SQL
 * @param down the SQL of its down, to read instead
 * @returns what is to be said against it: it does not parse, holds a parameter, or leaves its tenant
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
  const there = read("the new migration", up, allowanceOf(config, "draft"));
  // What is said against the way there has been said before.
  if (down !== undefined) problems.length = 0;
  const back = down && read("its down", down, allowanceOf(config, "draft", there.made));
  const { file, statements } = back ?? there;
  const broken = problems.some(({ code }) => code !== "isolation");
  const all = broken ? problems : [...problems, ...parametersIn(file, statements)];
  return all.map((problem) => refused(problem, service));
}

/** A refusal before anything is written: the file does not exist, but the Drizzle schema does. */
function refused(problem: FleetError, service: string): FleetError {
  const { code, message, where, excerpt, remedy } = problem;
  const own = code === "isolation" || code === "schema";
  const advice = own
    ? remedy
    : "Write this part of the Drizzle schema in another way, for example with sql.raw(...).";
  return new FleetError(
    own ? code : "schema",
    own ? message : `drizzle-kit wrote SQL that PostgreSQL cannot read: ${message}`,
    {
      ...(where === undefined ? {} : { where }),
      ...(excerpt === undefined ? {} : { excerpt }),
      remedy: `${advice} Nothing was written. To write it all the same, and finish it by hand: npx drizzle-fleet generate ${service} --by-hand`,
      cause: problem,
    },
  );
}

/** A definition has no values for parameters: `$1` outside of texts is one that drizzle-kit did not fill in. */
function parametersIn(file: string, statements: readonly string[]): FleetError[] {
  return statements.flatMap((statement) => {
    const parameter = codeTokens(statement).find(({ text }) => /^\$\d+$/.test(text));
    if (parameter === undefined) return [];
    const line = statement.split("\n").find((one) => one.includes(parameter.text));
    const message = `drizzle-kit wrote a parameter without its value: ${parameter.text}`;
    const remedy = "Write the value into the text, as with sql.raw(...).";
    return new FleetError("schema", message, { where: file, excerpt: line ?? statement, remedy });
  });
}
