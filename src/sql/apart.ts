import { isOfOwnSchema } from "./own-schema.ts";
import { parseText } from "./parsed-text.ts";
import { GrammarError } from "./parser.ts";
import type { Allowance } from "./read-statements.ts";
import { isRepeatable, sharedChanges } from "./shared.ts";
import { sourceOf } from "./source-schema.ts";
import { unwrap } from "./tree.ts";

/** Statements by whose they are. */
export interface Apart {
  /** They make the target's schema, or drop it: the runner does that. */
  readonly own: readonly string[];
  /** They change what tenants share, and would run once for each of them. */
  readonly shared: readonly string[];
  /** All others. */
  readonly rest: readonly string[];
}

/**
 * Divides generated SQL. What does not parse is among the rest: its reader reports it.
 *
 * @param chunks texts of one statement each
 */
export function apart(chunks: readonly string[], allowance: Allowance): Apart {
  const found = { own: [] as string[], shared: [] as string[], rest: [] as string[] };
  for (const chunk of chunks) found[whose(chunk, allowance)].push(chunk);
  return found;
}

/** What describes a schema without what it shares: in a scratch schema beside the first one that is there already. */
export function withoutShared(chunks: readonly string[], allowance: Allowance): string[] {
  return [...apart(chunks, { ...allowance, singleSchema: undefined }).rest];
}

function whose(chunk: string, allowance: Allowance): keyof Apart {
  const source = sourceOf(allowance);
  const [statement, ...more] = statementsIn(chunk);
  if (statement === undefined || more.length > 0) return "rest";
  const { tree } = statement;
  if (isOfOwnSchema(tree, source, true)) return "own";
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
