import { relative } from "node:path";
import { changesWithoutSql, changeWithoutSqlText } from "../autogenerate/changes-without-sql.ts";
import { questionText, undecided } from "../autogenerate/decisions.ts";
import { compareSchema, questionsOf, sqlOf } from "../autogenerate/diff.ts";
import { droppedTables, droppedText } from "../autogenerate/dropped-tables.ts";
import type { ServiceConfig } from "../config/schema.ts";
import { FleetError, isFleetError } from "../core/errors.ts";
import type { Finding } from "../core/finding.ts";
import type { Migration } from "../core/migration.ts";
import { gather, type Settled, settle } from "../fleet/accepted-findings.ts";
import { type Context, migrationsFolder } from "../fleet/context.ts";
import { allowanceOf, selectServices } from "../fleet/services.ts";
import type { ProvedHistories, ProvedService } from "../proof/prove-services.ts";
import { emptyMigrationError, isEmptyOnPurpose, runsNothing } from "../source/empty-migration.ts";
import { inspectFolder } from "../source/inspect.ts";
import type { ReadFiles } from "../source/inspect-files.ts";
import { proofsPath, readProofs, unprovedTags } from "../source/proofs.ts";
import { additionsIn } from "../sql/changes.ts";
import { loadParser } from "../sql/parser.ts";
import { readStatements } from "../sql/read-statements.ts";

export interface CheckOptions {
  /**
   * Also proves the histories, and lints new migrations: in the database with this URL, or on the embedded server if true.
   */
  readonly database?: string | true | undefined;
  /** The reason to accept the findings: those that can be accepted are recorded in `accepted.json`. */
  readonly accept?: string | undefined;
}

/**
 * Finds problems that must not reach the main branch: schema changes without a migration, damaged files of drizzle-kit, open
 * branches, edited migrations, missing downs, and SQL that leaves its tenant. Needs no database without
 * `options.database`. With it, also statements of new migrations that harm running tenants, as `lint` finds them.
 *
 * @param names services; empty for all
 * @returns the findings that are not accepted; empty if there are none
 * @throws FleetError `usage` for an unknown service; `embedded` or `unreachable` if a proof has no server
 * @example
 * const findings = await check(context, []);
 * const messages = findings.map(({ problem }) => problem.message);
 */
export async function check(
  context: Context,
  names: readonly string[],
  options: CheckOptions = {},
): Promise<Finding[]> {
  return [...(await review(context, names, options)).findings];
}

/** The findings, the accepted faults, and the proved services. */
export interface Reviewed extends Settled {
  /** The services whose complete history was proved; undefined if nothing was tried. */
  readonly proved?: readonly ProvedService[];
}

/** Like `check`; also returns the accepted faults and the proved services. */
export async function review(
  context: Context,
  names: readonly string[],
  { database, accept }: CheckOptions,
): Promise<Reviewed> {
  const services = selectServices(context.config.fleet, names);
  const found = await findAll(context, services, database !== undefined);
  const proofs =
    database === undefined ? undefined : await prove(context, services, names, database);
  found.push(...(proofs?.findings ?? []));
  const unique = withoutRepeats(found);
  const options = { reason: accept, proved: database !== undefined };
  const settled = await Promise.all(
    services.map(([service]) =>
      settle(
        context,
        service,
        unique.filter((finding) => finding.service === service),
        options,
      ),
    ),
  );
  const open = new Set(settled.flatMap(({ findings }) => findings.map(({ problem }) => problem)));
  const failed = proofs?.findings.filter(({ problem }) => open.has(problem)) ?? [];
  const holds = ({ service }: ProvedService) => !failed.some((one) => one.service === service);
  return {
    ...(proofs === undefined ? {} : { proved: proofs.tried.filter(holds) }),
    findings: settled.flatMap(({ findings }) => gather(findings)),
    accepted: settled.flatMap(({ accepted }) => accepted),
    stale: settled.flatMap(({ stale }) => stale),
  };
}

/** Proves the histories, and lints the migrations that are new against the default branch. */
async function prove(
  context: Context,
  services: readonly (readonly [string, ServiceConfig])[],
  names: readonly string[],
  database: string | true,
): Promise<ProvedHistories> {
  const { tryHistories } = await import("../proof/prove-services.ts");
  const { newFindings } = await import("../lint/new-findings.ts");
  const lint = await newFindings(context, services);
  return tryHistories(context, names, database === true ? undefined : database, lint);
}

async function findAll(
  context: Context,
  services: readonly (readonly [string, ServiceConfig])[],
  isProved: boolean,
): Promise<Finding[]> {
  await loadParser();
  const findings = await Promise.all(
    services.map(async ([service, config]) => {
      // The schema first: it is compiled in another process while this one parses SQL.
      const [schema, migrations] = await Promise.all([
        checkSchema(context, service, config),
        checkMigrations(context, service, config, isProved),
      ]);
      return [...migrations, ...schema];
    }),
  );
  return findings.flat();
}

/** A damaged journal prevents both checks, but is one finding. */
function withoutRepeats(findings: readonly Finding[]): Finding[] {
  const key = ({ service, problem }: Finding) =>
    JSON.stringify([service, problem.where, problem.message]);
  return [...new Map(findings.map((finding) => [key(finding), finding])).values()];
}

async function checkMigrations(
  context: Context,
  service: string,
  config: ServiceConfig,
  isProved: boolean,
): Promise<Finding[]> {
  const path = migrationsFolder(context, service);
  const { migrations, problems } = await inspectFolder(service, path);
  const sql: FleetError[] = [];
  // Every migration and every down must parse and stay in its tenant.
  for (const { migration, down } of migrations) {
    const { file, text, tag } = migration;
    // Loads another parser if the previous file exhausted this one.
    await loadParser();
    const before = sql.length;
    const up = readStatements(file, text, allowanceOf(config, tag), sql);
    if (migration.contract !== undefined) sql.push(...contractErrors(migration));
    if (sql.length === before && runsNothing(up) && !isEmptyOnPurpose(migration))
      sql.push(emptyMigrationError(migration));
    if (down === undefined) continue;
    await loadParser();
    readStatements(down.file, down.text, allowanceOf(config, tag, up), sql);
  }
  const wrong = [...problems, ...sql];
  // Missing proofs are not reported for migrations that have to be corrected first, or that this run proves.
  const canBeAccepted = wrong.every(({ identity }) => identity !== undefined);
  const missing = canBeAccepted && !isProved ? await unproved(service, path, migrations) : [];
  return [...wrong, ...missing].map((problem) => ({ service, problem }));
}

/** A contract that adds something: new code would wait for it. */
function contractErrors({ tag, file, text }: Migration): FleetError[] {
  return additionsIn(file, text).map(
    ({ what, line }) =>
      new FleetError("journal", `the contract ${tag} also adds something: ${what}`, {
        where: `${file}:${line}`,
        remedy:
          "migrate holds the file back, so code of the new release would not find it. Move it to a migration of its own, before the contract.",
      }),
  );
}

/** A finding for migrations that were never proved. */
async function unproved(
  service: string,
  path: string,
  files: readonly ReadFiles[],
): Promise<FleetError[]> {
  const proofs = await readProofs(path).catch(problemOf);
  if (proofs instanceof FleetError) return [proofs];
  const tags = unprovedTags(proofs, files);
  if (tags.length === 0) return [];
  const what = tags.length === 1 ? "1 migration was" : `${tags.length} migrations were`;
  const shown = tags.slice(0, 3).join(", ");
  return [
    new FleetError(
      "proof",
      `${what} never proved on a server: ${shown}${tags.length > 3 ? ", ..." : ""}`,
      {
        where: relative(process.cwd(), proofsPath(path)),
        remedy: `To prove ${tags.length === 1 ? "it" : "them"}, run: npx drizzle-fleet generate ${service} --prove`,
      },
    ),
  ];
}

/** The error of a file as a value. */
function problemOf(error: unknown): FleetError {
  if (isFleetError(error)) return error;
  throw error;
}

/**
 * Compares a service's Drizzle schema with its newest migration.
 *
 * @param seen called with each file that the schema consists of, see `importTypeScript`
 * @returns one finding with the missing SQL if they differ, or the errors of the files
 */
export async function checkSchema(
  context: Context,
  service: string,
  config: ServiceConfig,
  seen?: (path: string) => void,
): Promise<Finding[]> {
  try {
    const diff = await compareSchema(service, config, context.config.root, seen);
    const sql = await sqlOf(diff, undecided);
    const withoutSql = (await changesWithoutSql(diff, undecided)).map(changeWithoutSqlText);
    if (sql.length === 0 && withoutSql.length === 0) return [];
    const problem = new FleetError("schema", "the Drizzle schema has changes without a migration", {
      where: [config.schema].flat().join(", "),
      remedy: `To write a migration, run: npx drizzle-fleet generate ${service} --name <what_changes>`,
    });
    const questions = (await questionsOf(diff, undecided)).map(questionText);
    const dropped = droppedTables(diff, undecided);
    const they = dropped.tables.length === 1 ? "it" : "they";
    if (dropped.doubtful) questions.push(`${droppedText(dropped)}. Should ${they} be dropped?`);
    return [{ service, problem, sql, questions: [...questions, ...withoutSql] }];
  } catch (error) {
    return asFindings(service, error);
  }
}

/** Errors of files are findings, so that a missing file does not hide other findings. */
function asFindings(service: string, error: unknown): Finding[] {
  if (!isFleetError(error)) throw error;
  const problems = error.problems.length > 0 ? error.problems : [error];
  return problems.map((problem) => ({ service, problem }));
}
