import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exampleFleet } from "../support/example.ts";
import { contextFor, migrateAll } from "../support/fleet.ts";
import { type PostgresServer, startPostgres } from "../support/postgres-server.ts";
import { walk } from "../support/random-ddl/walk.ts";
import { repository } from "../support/repository.ts";

/** The same seed gives the same statements. */
const seed = Number(process.env.DRIFT_SEED ?? 20_261_130);
const cases = Number(process.env.DRIFT_CASES ?? 50);

/** The template of all copies: the example's services, each in two schemas. */
const template = "example";

let server: PostgresServer | undefined;
beforeAll(async () => {
  server = await startPostgres(15);
  const client = new pg.Client(server.url);
  await client.connect();
  await client.query(`CREATE DATABASE ${template}`);
  await client.end();
  const url = Object.assign(new URL(server.url), { pathname: `/${template}` }).href;
  const context = contextFor(repository, exampleFleet(url, ["before", "after"]));
  const { outcomes } = await migrateAll(context);
  expect(outcomes.filter(({ status }) => status !== "succeeded")).toEqual([]);
});
afterAll(() => server?.stop());

const perTest = 50;
const seeds = Array.from(
  { length: Math.ceil(cases / perTest) },
  (_, index) => seed + index * 1_000,
);

test.each(seeds)(
  `drift finds a difference exactly if pg_dump's output differs, in ${Math.min(cases, perTest)} cases from seed %i`,
  async (first) => {
    if (server === undefined) throw new Error("the server did not start");
    const wanted = Math.min(cases, perTest);
    let [done, silent] = [0, 0];
    for (let index = 0; done < wanted; index += 1) {
      const { failure, ...counted } = await walk(server, template, first + index, wanted - done);
      expect(failure, `DRIFT_SEED=${first + index}`).toBeUndefined();
      done += counted.cases;
      silent += counted.silent;
    }
    // Both answers occur.
    expect(silent).toBeGreaterThan(wanted / 20);
    expect(silent).toBeLessThan((wanted * 3) / 4);
  },
  600_000,
);
