import { type Difference, differenceOf } from "../catalog/compare.ts";
import { FleetError } from "../core/errors.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import { type Bench, withScratchSchema } from "./bench.ts";
import { Trials } from "./trials.ts";

/**
 * Compares the catalogs of two schemas. Each is created from nothing in a scratch schema.
 *
 * @param before the SQL that creates one schema
 * @param after the SQL that creates the other one
 * @throws FleetError `proof` if one of them does not run
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
    const { stuck } = await trials.run("up", statements);
    if (stuck === undefined) return trials.facts();
    throw new FleetError(
      "proof",
      `the Drizzle schema cannot be created in an empty schema: ${stuck.error.message}`,
      {
        excerpt: stuck.statement.text,
        remedy: "Nothing was written. To generate a migration, run: npx drizzle-fleet generate",
      },
    );
  });
}
