import { createDatabase, type TestDatabase } from "../database.ts";
import { exampleServices } from "../example.ts";
import type { PostgresServer } from "../postgres-server.ts";
import { createRandom, type Random } from "../random.ts";
import { changes } from "./changes.ts";
import { type Contradiction, contradiction, readState } from "./judge.ts";
import { noChanges } from "./no-changes.ts";
import { pick, type Weighted } from "./statements.ts";
import { readThings } from "./things.ts";

/** After how many cases a walk ends: a schema that has been changed very often has little left to change. */
const longestWalk = 10;

export interface WalkResult {
  readonly cases: number;
  /** How many cases pg_dump says have changed nothing. */
  readonly silent: number;
  readonly failure?: Contradiction & { readonly service: string; readonly statements: string[] };
}

/**
 * Changes a copy of `{service}_after` at random, where `{service}_before` is the same, and asks pg_dump and drift after each case: did this case change something, and does
 * the schema differ from the one that was not changed?
 *
 * @param template the name of the database with the schemas
 * @returns the first contradiction, with statements that lead to it, as few as can be found quickly
 */
export async function walk(
  server: PostgresServer,
  template: string,
  seed: number,
  wanted: number,
): Promise<WalkResult> {
  const random = createRandom(seed);
  const service = pick(random, exampleServices) ?? "auth";
  const [database, schema] = [await copyOf(server, template), `${service}_after`];
  await database.query(`SET search_path = ${schema}`);
  const twin = await readState(server, database, `${service}_before`);
  let before = await readState(server, database, schema);
  const statements: string[] = [];
  const count = Math.min(longestWalk, wanted);
  let silent = 0;
  for (let index = 0; index < count; index += 1) {
    // Several statements could hide that drift misses one of them.
    const length = random.chance(0.8) ? 1 : 2 + random.below(3);
    const first = statements.length;
    for (let step = 0; step < length; step += 1)
      statements.push(await changeOnce(database, schema, random, `n${index}_${step}`));
    const after = await readState(server, database, schema);
    const found = contradiction(before, after, true) ?? contradiction(twin, after, false);
    if (found !== undefined) {
      const few = await fewerStatements({ server, template, service }, statements, first);
      return { cases: index + 1, silent, failure: { ...found, service, ...few } };
    }
    if (before.entries.join() === after.entries.join()) silent += 1;
    before = after;
  }
  return { cases: count, silent };
}

/** Copies the database with the schemas. */
async function copyOf(server: PostgresServer, template: string): Promise<TestDatabase> {
  return createDatabase(server.url, template);
}

/** Tries statements until one succeeds: many are refused, for example because something depends on a column. */
async function changeOnce(
  database: TestDatabase,
  schema: string,
  random: Random,
  unique: string,
): Promise<string> {
  const things = await readThings(database, schema);
  for (;;) {
    const sql = choose(random, random.chance(0.3) ? noChanges : changes)(things, random, unique);
    if (sql === undefined) continue;
    const done = await database.query(sql).then(
      () => true,
      () => false,
    );
    if (done) return sql;
  }
}

function choose(random: Random, statements: readonly Weighted[]) {
  const total = statements.reduce((sum, [weight]) => sum + weight, 0);
  let left = random.next() * total;
  const found = statements.find(([weight]) => {
    left -= weight;
    return left < 0;
  });
  return (found ?? statements[0] ?? ([1, () => undefined] as const))[1];
}

/**
 * Leaves out earlier statements as long as the last case still leads to a contradiction.
 *
 * @param first where the last case begins
 */
async function fewerStatements(
  place: { readonly server: PostgresServer; readonly template: string; readonly service: string },
  statements: readonly string[],
  first: number,
): Promise<Partial<Contradiction> & { readonly statements: string[] }> {
  let best: Partial<Contradiction> & { readonly statements: string[] } = {
    statements: [...statements],
  };
  const last = statements.slice(first);
  const keep = async (earlier: readonly string[]) => {
    const found = await afterLast(place, earlier, last);
    if (found !== undefined) best = { ...found, statements: [...earlier, ...last] };
    return found !== undefined;
  };
  if (await keep([])) return best;
  let earlier = statements.slice(0, first);
  for (const one of [...earlier].reverse()) {
    const fewer = earlier.filter((other) => other !== one);
    if (await keep(fewer)) earlier = fewer;
  }
  return best;
}

/** The contradiction about the last case on a fresh copy, after earlier statements, as far as they succeed. */
async function afterLast(
  {
    server,
    template,
    service,
  }: { readonly server: PostgresServer; readonly template: string; readonly service: string },
  earlier: readonly string[],
  last: readonly string[],
): Promise<Contradiction | undefined> {
  const [database, schema] = [await copyOf(server, template), `${service}_after`];
  await database.query(`SET search_path = ${schema}`);
  const run = async (sql: string) => void (await database.query(sql).catch(() => undefined));
  for (const sql of earlier) await run(sql);
  const before = await readState(server, database, schema);
  for (const sql of last) await run(sql);
  return contradiction(before, await readState(server, database, schema), true);
}
