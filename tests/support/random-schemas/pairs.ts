import { appendFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import type { Installed } from "../cli.ts";
import { createDatabase } from "../database.ts";
import { judgeChain, type Verdict } from "./judge.ts";

/** The same seed gives the same pairs. */
const seed = Number(process.env.RANDOM_PAIRS_SEED ?? 20_261_130);
/** A file to which a line of JSON is added for each pair: the two schemas, the SQL, and the result. */
const report = process.env.RANDOM_PAIRS_REPORT;

const pairsInTest = 40;
const longestChain = 4;

/**
 * Defines tests with random pairs of Drizzle schemas, at most 40 in each test. See CONTRIBUTING.md.
 *
 * @param pairs the number of pairs if RANDOM_PAIRS is not set
 */
export function testRandomPairs(installed: Installed, pairs: number): void {
  const wanted = Number(process.env.RANDOM_PAIRS ?? pairs);
  const seeds = Array.from(
    { length: Math.ceil(wanted / pairsInTest) },
    (_, index) => seed + index * 1_000,
  );
  describe(`what generate writes without a note runs on tenants with rows, in the layout ${installed}`, () => {
    test.each(seeds)(
      `${Math.min(wanted, pairsInTest)} pairs of schemas from seed %i`,
      async (first) => {
        const verdicts = await judgeSome(installed, first, Math.min(wanted, pairsInTest));
        const failed = verdicts.filter(({ kind }) => kind === "failed");
        expect(failed).toEqual([]);
        // Otherwise `generate` could pass by leaving everything to a person.
        const unfinished = verdicts.filter(({ kind }) => kind === "unfinished");
        expect(unfinished.length).toBeLessThan(verdicts.length / 5);
      },
      600_000,
    );
  });
}

async function judgeSome(installed: Installed, first: number, wanted: number): Promise<Verdict[]> {
  const database = await createDatabase();
  const verdicts: Verdict[] = [];
  for (let chain = 0; verdicts.length < wanted; chain += 1) {
    const judged = await judgeChain(database, installed, first + chain, longestChain);
    verdicts.push(...judged.filter(({ kind }) => kind !== "same"));
    if (report === undefined) continue;
    for (const verdict of judged)
      await appendFile(report, `${JSON.stringify({ installed, ...verdict })}\n`);
  }
  return verdicts;
}
