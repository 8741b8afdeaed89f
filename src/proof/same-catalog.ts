import { type Difference, differenceOf } from "../catalog/compare.ts";
import { FleetError } from "../core/errors.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import { type Bench, withScratchSchema } from "./bench.ts";
import { Trials } from "./trials.ts";

/**
 * Whether two descriptions of a schema make one catalog: each is made from nothing in a scratch schema.
 *
 * @param before SQL that makes the whole of it
 * @param after the same in other words, or not
 * @throws FleetError `proof` when one of them does not run
 */
export async function compareDescriptions(
  bench: Bench,
  before: readonly string[],
  after: readonly string[],
): Promise<Difference> {
  return differenceOf(await factsOf(bench, before), await factsOf(bench, after));
}

function factsOf(bench: Bench, statements: readonly string[]): Promise<string[]> {
  return withScratchSchema(bench.session, async (schema) => {
    await bench.session.query(`CREATE SCHEMA ${quoteIdentifier(schema)}`);
    const trials = new Trials(bench, schema);
    const { stuck } = await trials.take("up", statements);
    if (stuck === undefined) return trials.facts();
    throw new FleetError(
      "proof",
      `the Drizzle schema cannot be made in an empty schema: ${stuck.error.message}`,
      {
        excerpt: stuck.move.text,
        remedy: "Run: drizzle-fleet generate. Nothing was written.",
      },
    );
  });
}
