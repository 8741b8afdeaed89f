import { randomBytes } from "node:crypto";
import { undecided } from "../autogenerate/decisions.ts";
import { breakpoint } from "../autogenerate/down.ts";
import { loadKit } from "../autogenerate/kit.ts";
import { refuseOddUrl } from "../config/environment.ts";
import type { ServiceConfig } from "../config/schema.ts";
import { packageVersion } from "../config/version.ts";
import type { DatabaseAddress } from "../core/database.ts";
import { FleetError, isFleetError } from "../core/errors.ts";
import type { Finding } from "../core/finding.ts";
import type { Migration } from "../core/migration.ts";
import type { Step } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { catalogOf } from "../drift/catalog.ts";
import { type Difference, differenceFromSnapshot, differenceOf } from "../drift/compare.ts";
import { readLedgers } from "../ledger/read-ledgers.ts";
import { historyOf, planTarget } from "../plan/build.ts";
import { planDowngrade } from "../plan/downgrade.ts";
import { ensureExtensions } from "../postgres/extensions.ts";
import { quoteIdentifier } from "../postgres/identifiers.ts";
import { type Session, withSession } from "../postgres/session.ts";
import { failureOf } from "../rollout/failure.ts";
import type { Script } from "../rollout/run.ts";
import { runStep } from "../rollout/step.ts";
import { readDown } from "../source/downs.ts";
import { readFolder } from "../source/folder.ts";
import { readMigrations } from "../source/read-migrations.ts";
import { loadParser } from "../sql/parser.ts";
import { readStatements } from "../sql/read-statements.ts";
import { type Context, embeddedOptions, migrationsFolder } from "./context.ts";
import { allowanceOf, schemasBehind, selectServices } from "./services.ts";

/** The database on the embedded server that proofs are made in. */
const scratchDatabase = "drizzle_fleet_check";

/**
 * Proves histories on a real server: every migration applies to an empty schema, every down leads back to the catalog
 * before it and up again to the one behind it, and in the end the schema is what the newest snapshot describes.
 *
 * @param names services; none means all
 * @param url a database to work in, in schemas of its own that are dropped again; undefined for the embedded server
 */
export async function proveHistories(
  context: Context,
  names: readonly string[],
  url: string | undefined,
): Promise<Finding[]> {
  await loadParser();
  return withScratch(context, url, async (session) => {
    const findings: Finding[] = [];
    for (const [service, config] of selectServices(context.config.fleet, names))
      findings.push(...(await proveService(context, session, service, config)));
    return findings;
  });
}

async function withScratch<Result>(
  context: Context,
  url: string | undefined,
  use: (session: Session) => Promise<Result>,
): Promise<Result> {
  const connect = { waitMs: context.config.fleet.connectTimeout, signal: context.signal };
  const open = (address: DatabaseAddress) => withSession(address, connect, use);
  if (url !== undefined) {
    refuseOddUrl(url, "--database");
    return open({ name: "check", url });
  }
  const { acquireEmbedded } = await import("../dev/embedded.ts");
  const server = await acquireEmbedded(embeddedOptions(context), [scratchDatabase]);
  try {
    return await open(server.addressOf(scratchDatabase));
  } finally {
    await server.release();
  }
}

/** What is at hand while one service is proved. */
interface Proof {
  readonly context: Context;
  readonly session: Session;
  readonly service: string;
  readonly config: ServiceConfig;
  readonly migrations: readonly Migration[];
  readonly target: Target;
  readonly findings: Finding[];
}

async function proveService(
  context: Context,
  session: Session,
  service: string,
  config: ServiceConfig,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    const migrations = await readMigrations(service, migrationsFolder(context, service));
    await withSchema(session, async (schema) => {
      const target = { database: scratchDatabase, service, tenant: undefined, schema };
      const proof = { context, session, service, config, migrations, target, findings };
      if (await proveSteps(proof)) await proveSnapshot(proof);
    });
  } catch (error) {
    if (!isFleetError(error)) throw error;
    const problems = error.problems.length > 0 ? error.problems : [error];
    findings.push(...problems.map((problem) => ({ service, problem })));
  }
  return findings;
}

/** Goes through the history, each step up, down and up; false when a migration does not apply. */
async function proveSteps(proof: Proof): Promise<boolean> {
  const { session, target, migrations, findings, service } = proof;
  let before: readonly string[] = [];
  for (const migration of migrations) {
    const failed = await up(proof, migration);
    if (failed !== undefined) {
      findings.push({ service, problem: failed });
      return false;
    }
    const after = await catalogOf(session, target.schema);
    const problem = await proveDown(proof, migration, before, after);
    if (problem !== undefined) {
      findings.push({ service, problem });
      // Nobody knows what is there now: from the beginning, without a look back.
      await session.query(`DROP SCHEMA ${quoteIdentifier(target.schema)} CASCADE`);
      for (const one of migrations.slice(0, migrations.indexOf(migration) + 1))
        await up(proof, one);
    }
    before = after;
  }
  return true;
}

async function proveDown(
  proof: Proof,
  migration: Migration,
  before: readonly string[],
  after: readonly string[],
): Promise<FleetError | undefined> {
  const { session, target } = proof;
  const down = await readDown(migration);
  if (down === undefined || down.irreversible !== undefined) return undefined;
  if (down.empty && down.dataLoss.length === 0) return undefined;
  const failed = await back(proof, migration, down);
  if (failed !== undefined) return failed;
  const returned = differenceOf(before, await catalogOf(session, target.schema));
  if (!isEmpty(returned))
    return unequal(`the down of ${migration.tag} does not lead back`, down.file, returned);
  const again = await up(proof, migration);
  if (again !== undefined)
    return new FleetError(
      "proof",
      `${migration.tag} does not apply again after its down: ${again.message}`,
      {
        where: down.file,
        remedy: "Correct the down: it leaves something behind.",
      },
    );
  const repeated = differenceOf(after, await catalogOf(session, target.schema));
  return isEmpty(repeated)
    ? undefined
    : unequal(`${migration.tag} gives another schema after its down`, down.file, repeated);
}

/** The schema that the history made against the one that the newest snapshot alone would make. */
async function proveSnapshot(proof: Proof): Promise<void> {
  const { context, session, service, config, target, findings, migrations } = proof;
  const [kit, folder] = await Promise.all([
    loadKit(context.config.root),
    readFolder(migrationsFolder(context, service)),
  ]);
  const newest = (folder?.migrations.length ?? 0) - 1;
  const ddl = await kit.diff(await kit.at(undefined, -1), await kit.at(folder, newest), undecided);
  const head = migrations.at(-1);
  if (head === undefined) return;
  const migration = { ...head, tag: "snapshot", text: ddl.join(breakpoint) };
  await withSchema(session, async (schema) => {
    const failed = await apply(proof, { ...target, schema }, migration);
    if (failed !== undefined) {
      findings.push({ service, problem: failed });
      return;
    }
    const made = await catalogOf(session, target.schema);
    const difference = differenceFromSnapshot(await catalogOf(session, schema), made);
    if (isEmpty(difference)) return;
    const problem = unequal(
      "the migrations do not make what the newest snapshot describes",
      config.out,
      difference,
    );
    findings.push({ service, problem });
  });
}

async function up(proof: Proof, migration: Migration): Promise<FleetError | undefined> {
  return apply(proof, proof.target, migration);
}

async function apply(
  proof: Proof,
  target: Target,
  migration: Migration,
): Promise<FleetError | undefined> {
  const { session, migrations } = proof;
  const history = historyOf(migrations.includes(migration) ? migrations : [migration]);
  const states = await readLedgers(session, [target.schema], history.known);
  const state = states.get(target.schema) ?? { kind: "noSchema" };
  const rules = { allowOutOfOrder: false, to: migration.tag };
  const plan = planTarget(target, history, state, rules);
  return run(proof, target, plan.steps, migration, plan.create);
}

async function back(
  proof: Proof,
  migration: Migration,
  down: Pick<Migration, "file" | "checksum" | "text">,
): Promise<FleetError | undefined> {
  const { session, migrations, target } = proof;
  const history = historyOf(migrations);
  const states = await readLedgers(session, [target.schema], history.known);
  const state = states.get(target.schema) ?? { kind: "noSchema" };
  const { steps } = planDowngrade(target, history, state, { count: 1 });
  const { file, checksum, text } = down;
  return run(proof, target, steps, { ...migration, file, checksum, text }, "nothing");
}

async function run(
  { session, config, context }: Proof,
  target: Target,
  steps: readonly Step[],
  migration: Migration,
  create: Parameters<typeof runStep>[4],
): Promise<FleetError | undefined> {
  const problems: FleetError[] = [];
  const { file, text, tag } = migration;
  const { statements, extensions } = readStatements(file, text, allowanceOf(config, tag), problems);
  if (problems[0] !== undefined) return problems[0];
  const script: Script = { migration, statements, sharedSchemas: schemasBehind(config) };
  const { timeouts } = context.config.fleet;
  try {
    if (config.extensionSchema !== undefined && extensions.length > 0)
      await ensureExtensions(session, config.extensionSchema, extensions);
    for (const step of steps)
      await runStep(session, target, step, script, create, {
        timeouts,
        by: `drizzle-fleet ${packageVersion()}`,
      });
    return undefined;
  } catch (error) {
    if (session.lost) throw error;
    const { message, line, detail, sqlstate } = failureOf(error, {
      target,
      script,
      holders: [],
      cancelled: false,
    });
    const state = sqlstate === undefined ? "" : ` (SQLSTATE ${sqlstate})`;
    return new FleetError(
      "proof",
      `${message}${state}${detail === undefined ? "" : `. ${detail}`}`,
      {
        where: line === undefined ? file : `${file}:${line}`,
        remedy:
          "It must run on an empty schema with all migrations before it. Correct it, if nothing has applied it yet.",
        cause: error,
      },
    );
  }
}

async function withSchema(session: Session, use: (schema: string) => Promise<void>): Promise<void> {
  const schema = `fleet_check_${randomBytes(4).toString("hex")}`;
  try {
    await use(schema);
  } finally {
    if (!session.lost)
      await session.query(`DROP SCHEMA IF EXISTS ${quoteIdentifier(schema)} CASCADE`);
  }
}

function isEmpty({ missing, extra }: Difference): boolean {
  return missing.length === 0 && extra.length === 0;
}

/** So many lines of a difference are shown. */
const longestDifference = 8;

function unequal(message: string, where: string, { missing, extra }: Difference): FleetError {
  const lines = [
    ...missing.map((fact) => `missing: ${fact}`),
    ...extra.map((fact) => `too much: ${fact}`),
  ];
  const rest = lines.length - longestDifference;
  const shown = lines.slice(0, longestDifference);
  return new FleetError("proof", message, {
    where,
    excerpt: [...shown, ...(rest > 0 ? [`... and ${rest} more`] : [])].join("\n"),
    remedy:
      "Correct the file if nothing has applied it yet; otherwise put it right with a new migration.",
  });
}
