import type { Allowance } from "./allowance.ts";
import { parseText } from "./parsed-text.ts";
import { GrammarError } from "./parser.ts";
import { isRepeatable } from "./repeatable.ts";
import { sharedChanges } from "./shared-schemas.ts";
import { sourceOf } from "./source-schema.ts";
import { isTargetSchemaStatement } from "./target-schema.ts";
import { unwrap } from "./tree.ts";

/** Generated statements, divided by what they change. */
export interface DividedStatements {
  /** Statements that create or drop the target's schema, which the runner does. */
  readonly own: readonly string[];
  /** Statements that change what tenants share: they would run once per tenant. */
  readonly shared: readonly string[];
  /** All others. */
  readonly rest: readonly string[];
}

/**
 * Divides generated SQL. Statements that do not parse are in `rest`, where `readStatements` reports them.
 *
 * @param chunks one statement each
 */
export function divideStatements(
  chunks: readonly string[],
  allowance: Allowance,
): DividedStatements {
  const found = { own: [] as string[], shared: [] as string[], rest: [] as string[] };
  for (const chunk of chunks) found[ownerOf(chunk, allowance)].push(chunk);
  return found;
}

/** The statements that describe a schema, without shared objects: a second scratch schema finds those in place. */
export function withoutShared(chunks: readonly string[], allowance: Allowance): string[] {
  return [...divideStatements(chunks, { ...allowance, singleSchema: undefined }).rest];
}

function ownerOf(chunk: string, allowance: Allowance): keyof DividedStatements {
  const source = sourceOf(allowance);
  const [statement, ...more] = statementsIn(chunk);
  if (statement === undefined || more.length > 0) return "rest";
  const { tree } = statement;
  if (isTargetSchemaStatement(tree, source, true)) return "own";
  const [kind, body] = unwrap(tree);
  const isShared =
    allowance.singleSchema === undefined &&
    sharedChanges(kind, body, source, allowance).length > 0 &&
    (allowance.down !== undefined || !isRepeatable(kind, body, tree));
  return isShared ? "shared" : "rest";
}

function statementsIn(chunk: string) {
  try {
    return parseText(chunk);
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    return [];
  }
}
