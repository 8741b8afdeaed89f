import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Choice } from "../../../src/autogenerate/decisions.ts";
import type { Generated } from "../../../src/autogenerate/migration-draft.ts";
import { isFleetError, messageOf } from "../../../src/core/errors.ts";
import type { Context } from "../../../src/fleet/context.ts";
import { generate } from "../../../src/operations/generate.ts";
import { catalogOf } from "../catalog.ts";
import { createProject, type Installed } from "../cli.ts";
import type { TestDatabase } from "../database.ts";
import { appFleet, contextFor, downgradeAll, migrateAll } from "../fleet.ts";
import { createRandom, type Random } from "../random.ts";
import { changed } from "./changes.ts";
import { firstModel } from "./first.ts";
import type { Model } from "./model.ts";
import { sourceOf } from "./render.ts";
import { keptRows, writeMore, writeRows } from "./rows.ts";

/** The result for one pair of schemas. */
export interface Verdict {
  readonly seed: number;
  readonly step: number;
  readonly changes: readonly string[];
  /**
   * `held`: up, down and up again worked. `noted`: they did not, but `generate` had refused the change or noted that it
   * depends on rows. `unfinished`: `generate` noted that a person must finish it. `same`: nothing had changed.
   */
  readonly kind: "held" | "noted" | "unfinished" | "same" | "failed";
  /** What failed, or what `generate` noted. */
  readonly what: string;
  readonly before: string;
  readonly after: string;
  readonly sql: string;
  readonly down: string;
}

/** Tests a chain of schemas, each changed into the next, until a pair fails or `generate` has noted something. */
export async function judgeChain(
  database: TestDatabase,
  installed: Installed,
  seed: number,
  steps: number,
): Promise<Verdict[]> {
  const random = createRandom(seed);
  const tenant = `s${seed}`;
  const folder = await createProject({}, installed);
  const context = contextFor(folder, appFleet(database.url, [tenant]));
  const chain: Chain = { database, context, folder, schema: `app_${tenant}`, random, seed };
  let model = firstModel(random);
  await write(chain, model);
  await generate(context, { services: [], name: "first", database: database.url });
  const first = await roll(migrateAll(context));
  if (first !== undefined)
    throw new Error(`seed ${seed}: the first migration: ${first}\n${sourceOf(model)}`);
  const verdicts: Verdict[] = [];
  for (let step = 1; step <= steps; step += 1) {
    const next = changed(model, random);
    const verdict = await judge(chain, step, model, next);
    verdicts.push(verdict);
    if (verdict.kind !== "held" && verdict.kind !== "same") break;
    model = next.model;
  }
  return verdicts;
}

interface Chain {
  readonly database: TestDatabase;
  readonly context: Context;
  readonly folder: string;
  readonly schema: string;
  readonly random: Random;
  readonly seed: number;
}

async function write({ folder }: Chain, model: Model): Promise<void> {
  await mkdir(join(folder, "schema"), { recursive: true });
  await writeFile(join(folder, "schema/tables.ts"), sourceOf(model));
}

async function judge(
  chain: Chain,
  step: number,
  before: Model,
  { model: after, names }: ReturnType<typeof changed>,
): Promise<Verdict> {
  const { seed } = chain;
  const pair = {
    seed,
    step,
    changes: names,
    before: sourceOf(before),
    after: sourceOf(after),
    sql: "",
    down: "",
  };
  await write(chain, after);
  await writeRows(chain.database, chain.schema, before, after);
  let migration: Generated["migration"];
  try {
    [{ migration } = { migration: undefined }] = await generate(chain.context, {
      ...{ services: [], name: `step_${step}`, database: chain.database.url },
      ask: async (choice) => answer(choice, before, after),
    });
  } catch (error) {
    if (!isFleetError(error)) throw error;
    return { ...pair, kind: "noted", what: `refused: ${error.code}: ${error.message}` };
  }
  if (migration === undefined) return { ...pair, kind: "same", what: "" };
  const { sql, down, unproved } = migration;
  const written = { ...pair, sql, down };
  const unfinished = markIn(sql, "unfinished") ?? unproved;
  if (unfinished !== undefined) return { ...written, kind: "unfinished", what: unfinished };
  const catalog = await catalogOf(chain.database, chain.schema);
  const failed = await roundTrip(chain, step, before, after, migration);
  if (failed !== undefined) {
    const note = dependsOnRows(failed)
      ? rowsNoteIn(failed.startsWith("down") ? down : sql)
      : undefined;
    // If only the rows were the cause, it works for a tenant without rows.
    const empty = note === undefined ? failed : await withoutRows(chain, catalog, down);
    return {
      ...written,
      kind: empty === undefined ? "noted" : "failed",
      what: empty ?? note ?? failed,
    };
  }
  const unfinishedDown = markIn(down, "unfinished");
  if (unfinishedDown !== undefined)
    return { ...written, kind: "unfinished", what: `down: ${unfinishedDown}` };
  return { ...written, kind: "held", what: "" };
}

/** The text of a file's first mark of this kind. */
function markIn(text: string, mark: string): string | undefined {
  return new RegExp(`^-- drizzle-fleet: ${mark} (.*)$`, "m").exec(text)?.[1];
}

/** What a file notes about rows for which it fails. */
function rowsNoteIn(text: string): string | undefined {
  return markIn(text, "depends-on-rows") ?? /^-- (Fails if rows contain .*)$/m.exec(text)?.[1];
}

/** True if values in the rows were refused or violated a constraint. */
function dependsOnRows(failure: string): boolean {
  return /"sqlstate":"2[23]/.test(failure);
}

/** Runs up, down and up again with rows. Returns what went wrong. */
async function roundTrip(
  { database, context, schema }: Chain,
  step: number,
  before: Model,
  after: Model,
  { down: downText }: Pick<NonNullable<Generated["migration"]>, "down">,
): Promise<string | undefined> {
  const [catalog, rows] = [
    await catalogOf(database, schema),
    await keptRows(database, schema, before, after),
  ];
  const up = await roll(migrateAll(context));
  if (up !== undefined) return `up: ${up}`;
  const upCatalog = await catalogOf(database, schema);
  const lost = missing(rows, await keptRows(database, schema, after, before));
  if (lost !== undefined) return `up: rows: ${lost}`;
  if (markIn(downText, "unfinished") !== undefined) return undefined;
  await writeMore(database, schema, after, step);
  const down = await roll(downgradeAll(context, { count: 1 }, { allowDataLoss: true }));
  if (down !== undefined) return `down: ${down}`;
  const changedBack = difference(named(catalog), named(await catalogOf(database, schema)));
  if (changedBack !== undefined) return `down: catalog: ${changedBack}`;
  const lostBack = missing(rows, await keptRows(database, schema, before, after));
  if (lostBack !== undefined) return `down: rows: ${lostBack}`;
  const again = await roll(migrateAll(context));
  if (again !== undefined) return `up again: ${again}`;
  const changedAgain = difference(named(upCatalog), named(await catalogOf(database, schema)));
  return changedAgain === undefined ? undefined : `up again: catalog: ${changedAgain}`;
}

/** Runs the history, and the newest migration down and up again, without rows. Returns what went wrong. */
async function withoutRows(
  { database, context, seed }: Chain,
  before: readonly string[],
  downText: string,
): Promise<string | undefined> {
  const tenant = `empty${seed}`;
  const alone = contextFor(context.config.root, appFleet(database.url, [tenant]));
  const up = await roll(migrateAll(alone));
  if (up !== undefined) return `without rows: up: ${up}`;
  if (markIn(downText, "unfinished") !== undefined) return undefined;
  const after = named(await catalogOf(database, `app_${tenant}`));
  const down = await roll(downgradeAll(alone, { count: 1 }, { allowDataLoss: true }));
  if (down !== undefined) return `without rows: down: ${down}`;
  const back = difference(named(before), named(await catalogOf(database, `app_${tenant}`)));
  if (back !== undefined) return `without rows: down: catalog: ${back}`;
  const again = await roll(migrateAll(alone));
  if (again !== undefined) return `without rows: up again: ${again}`;
  const changed = difference(after, named(await catalogOf(database, `app_${tenant}`)));
  return changed === undefined ? undefined : `without rows: up again: catalog: ${changed}`;
}

/** A catalog without the names that PostgreSQL 18 gives to NOT NULL constraints. */
function named(catalog: readonly string[]): Record<string, readonly string[]> {
  const facts = catalog.map((fact) =>
    fact.replace(/^(constraint .+)\.\S+ (NOT NULL .*)$/, "$1 $2"),
  );
  return { catalog: facts.sort() };
}

/** Waits for an operation on one tenant. Returns why it failed. */
async function roll(
  run: ReturnType<typeof migrateAll> | ReturnType<typeof downgradeAll>,
): Promise<string | undefined> {
  try {
    const { outcomes } = await run;
    const bad = outcomes.find(({ status }) => status !== "succeeded");
    return bad && `${bad.status}: ${JSON.stringify(bad.failure ?? "")}`;
  } catch (error) {
    if (!isFleetError(error)) throw error;
    return [error, ...error.problems]
      .map((one) => `${messageOf(one)} ${one.where ?? ""}`)
      .join("; ");
  }
}

function difference(
  expected: Record<string, readonly string[]>,
  found: Record<string, readonly string[]>,
): string | undefined {
  for (const [key, values] of Object.entries(expected)) {
    const other = found[key] ?? [];
    const missing = values.filter((value) => !other.includes(value));
    const extra = other.filter((value) => !values.includes(value));
    if (missing.length + extra.length > 0 || values.length !== other.length)
      return `${key}: missing ${missing.slice(0, 3).join(" | ")}; too much ${extra.slice(0, 3).join(" | ")}`;
  }
  return undefined;
}

/** Returns rows that are missing. Additional rows are allowed: tenants may have written them in the meantime. */
function missing(
  expected: Record<string, readonly string[]>,
  found: Record<string, readonly string[]>,
): string | undefined {
  for (const [key, values] of Object.entries(expected)) {
    const gone = values.filter((value) => !(found[key] ?? []).includes(value));
    if (gone.length > 0)
      return `${key}: ${gone.slice(0, 3).join(" | ")} not in ${(found[key] ?? []).slice(0, 6).join(" | ")}`;
  }
  return undefined;
}

/** Answers a question about a rename, by the ids, which a rename does not change. */
function answer(
  { kind, table, removed, added }: Choice,
  before: Model,
  after: Model,
): Promise<string | undefined> {
  const listOf = (
    model: Model,
    name: string | undefined,
  ): readonly { id: number; name: string }[] => {
    if (kind === "table") return model.tables;
    if (kind === "enum") return model.enums;
    if (kind === "view") return model.views;
    if (kind === "sequence") return model.sequences;
    const now = after.tables.find((one) => one.name === name);
    const own = model.tables.find(({ id }) => id === now?.id);
    return (kind === "policy" ? own?.policies : own?.columns) ?? [];
  };
  const old = listOf(before, table).find(({ name }) => name === removed);
  const now = listOf(after, table).find(({ id }) => id === old?.id)?.name;
  return Promise.resolve(now !== undefined && added.includes(now) ? now : undefined);
}
