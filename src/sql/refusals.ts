import { type Allowance, allowedSchemas } from "./allowance.ts";
import type { Classification } from "./classify.ts";
import { violationOf } from "./isolation.ts";
import { isSchemaAsText } from "./names-in-text.ts";
import type { Neutralized } from "./neutralized.ts";
import type { SourceSchema } from "./source-schema.ts";
import { unboundReads } from "./unbound-reads.ts";
import type { Violation } from "./violation.ts";

/** Why a neutralized statement is refused: it leaves the tenant, or cannot be proved to stay in it. */
export function refusalsOf(
  neutral: Neutralized,
  kind: Classification,
  source: SourceSchema,
  allowance: Allowance,
): Violation[] {
  const violations = neutral.trees.flatMap((tree) => violationOf(tree, source, allowance) ?? []);
  if (neutral.endsTransaction === true) violations.push(endsTransaction);
  const { concurrently } = kind;
  if (concurrently !== undefined && "name" in concurrently && concurrently.name === "")
    violations.push(unnamedIndex);
  if (violations.length > 0) return distinct(violations);
  if (neutral.unreplaced.length > 0)
    return [...new Set(neutral.unreplaced)].map((what) => unreplacedViolation(what, source));
  if (allowance.acceptUnproved === true) return [];
  const reads = neutral.trees.flatMap((tree) =>
    unboundReads(tree, source, allowedSchemas(allowance)),
  );
  return [...[...new Set(neutral.unproved)].map(unprovedViolation), ...distinct(reads)];
}

/** A body is read in several ways, which give the same violations. */
function distinct(violations: readonly Violation[]): Violation[] {
  return [...new Map(violations.map((one) => [one.message, one])).values()];
}

function unprovedViolation(what: string): Violation {
  const called = /(\w+)\(\)/.exec(what)?.[1];
  return {
    ...(called === undefined ? {} : { name: called }),
    ...(what.includes(" EXECUTE ") ? { name: "execute", ...lineIn(what) } : {}),
    message: `cannot prove that this stays in the tenant: ${what}`,
    remedy: `${isSchemaAsText(what) ? "Use current_schema() instead" : "Rewrite it so that it can be checked"}, or review it yourself and list the migration in the service's acceptUnproved.`,
  };
}

function unreplacedViolation(what: string, { first }: SourceSchema): Violation {
  const instead = what.startsWith(`the text '${first}' `)
    ? "Use current_schema() instead."
    : "Remove the schema from the names.";
  return {
    message: `cannot prove that this stays in the tenant: ${what}`,
    remedy: `It names ${first}, which drizzle-fleet cannot replace here. ${instead}`,
    name: first,
    ...lineIn(what),
  };
}

/** The line of a body that a message names. */
function lineIn(what: string): { line?: number } {
  const line = / on line (\d+) of the body$/.exec(what)?.[1];
  return line === undefined ? {} : { line: Number.parseInt(line, 10) };
}

const endsTransaction: Violation = {
  message: "a DO block cannot end its migration's transaction",
  remedy:
    "Write each step as a section of the file, between BEGIN; and COMMIT;. Each section is recorded when it commits, so that a later attempt continues after it.",
  name: "commit",
};

const unnamedIndex: Violation = {
  message: "an index that is built CONCURRENTLY needs a name",
  remedy: "Add a name: without one, drizzle-fleet cannot find and clean up an interrupted build.",
};
