import { type ServiceConfig, sourceSchemasOf } from "../config/schema.ts";
import { type FleetError, isFleetError, throwProblems } from "../core/errors.ts";
import type { ExplainedStatement, LintResult, StatementFinding } from "../core/lint.ts";
import type { Migration } from "../core/migration.ts";
import { majorVersion } from "../drift/look.ts";
import { type Context, migrationsFolder } from "../fleet/context.ts";
import { allowanceOf } from "../fleet/services.ts";
import type { Session } from "../postgres/session.ts";
import { type Bench, withScratchSchema } from "../proof/bench.ts";
import { benchOf } from "../proof/scratch.ts";
import { withSharedSchemas } from "../proof/shared-schemas.ts";
import { readFolder } from "../source/folder.ts";
import { loadParser } from "../sql/parser.ts";
import { readStatements } from "../sql/read-statements.ts";
import { divideStatements } from "../sql/shared-statements.ts";
import { explainMigration } from "./explain.ts";
import { judgeMigration } from "./judge.ts";
import { declaredBefore } from "./released.ts";
import { type LintContext, nameOf } from "./rule.ts";
import type { LintSettings } from "./settings.ts";
import { type TracedMigration, traceHistory } from "./trace.ts";

/** The migrations of a service to lint. */
export interface LintJob {
  readonly service: string;
  readonly config: ServiceConfig;
  readonly settings: LintSettings;
  readonly migrations: readonly Migration[];
  readonly selected: ReadonlySet<Migration>;
  /** The sizes of tables in the biggest tenant, by name, as the databases know them. */
  readonly sizes: ReadonlyMap<string, number>;
}

/** What was found in the migrations of a service. */
export interface LintedService {
  readonly findings: readonly StatementFinding[];
  readonly statements: readonly ExplainedStatement[];
  readonly untraced: LintResult["untraced"];
}

/**
 * Refuses migrations that cannot be read.
 *
 * @throws FleetError `syntax` or `isolation`
 */
export async function refuseUnreadable({ config, selected }: LintJob): Promise<void> {
  const problems: FleetError[] = [];
  for (const { file, text, tag } of selected) {
    // Loads another parser if the previous file exhausted this one.
    await loadParser();
    readStatements(file, text, allowanceOf(config, tag), problems);
  }
  throwProblems(problems, "some migrations cannot be read");
}

/**
 * Applies the rules to the selected migrations of a service. `loadParser()` must have been awaited.
 *
 * @param server a session for scratch schemas, or the reason why there is none
 */
export async function lintService(
  context: Context,
  job: LintJob,
  server: Session | string,
): Promise<LintedService> {
  if (job.selected.size === 0) return { findings: [], statements: [], untraced: [] };
  const { service, settings, sizes } = job;
  const traced = typeof server === "string" ? server : await traceJob(context, server, job);
  const isTraced = typeof traced !== "string";
  const migrations = isTraced ? traced : readJob(job);
  const lintContext: LintContext = {
    sizeOf: (table) => sizes.get(nameOf(table)) ?? settings.largestTables.get(nameOf(table)),
    smallBytes: settings.smallBytes,
    declaredBefore: await declaredBefore(
      ...([migrationsFolder(context, service), job.migrations, job.selected] as const),
    ),
    version: typeof server === "string" ? oldestVersion : await majorVersion(server),
  };
  const reason = isTraced ? untracedReason(migrations) : traced;
  return {
    findings: migrations.flatMap((one) => judgeMigration(one, lintContext, settings)),
    statements: migrations.flatMap((one) => explainMigration(one, lintContext, settings, isTraced)),
    untraced: reason === undefined ? [] : [{ service, reason }],
  };
}

/** Without a server, the rules expect the oldest supported version of PostgreSQL. */
const oldestVersion = 15;

/** Traces the selected migrations in a scratch schema; returns a text if that is not possible. */
async function traceJob(
  context: Context,
  session: Session,
  job: LintJob,
): Promise<TracedMigration[] | string> {
  const { service, config, migrations, selected } = job;
  const bench = benchOf(context, session, service, config);
  const traced = await withSharedSchemas(
    bench,
    migrations,
    () => sharedDeclarations(context, bench, job),
    () =>
      withScratchSchema(session, (schema) =>
        traceHistory(bench, schema, migrations, (migration) => selected.has(migration)),
      ),
  );
  return isFleetError(traced) ? traced.message : traced;
}

/** The SQL of the objects that the Drizzle schema declares in shared schemas. */
async function sharedDeclarations(
  context: Context,
  bench: Bench,
  { service, config }: LintJob,
): Promise<readonly string[]> {
  const { loadKit } = await import("../autogenerate/kit.ts");
  const { undecided } = await import("../autogenerate/decisions.ts");
  const [kit, folder] = await Promise.all([
    loadKit(context.config.root, sourceSchemasOf(config)),
    readFolder(migrationsFolder(context, service)),
  ]);
  const last = (folder?.migrations.length ?? 0) - 1;
  const [nothing, newest] = [await kit.at(undefined, -1), await kit.at(folder, last)];
  return divideStatements(await kit.diff(nothing, newest, undecided), bench.allowanceOf("snapshot"))
    .shared;
}

/** The selected migrations without a trace. */
function readJob({ config, migrations, selected }: LintJob): TracedMigration[] {
  return migrations
    .filter((one) => selected.has(one))
    .map((migration) => {
      const { file, text, tag } = migration;
      const allowance = allowanceOf(config, tag);
      const { statements } = readStatements(file, text, allowance, []);
      const untraced = statements.map((statement) => ({ statement, trace: undefined }));
      return { ...{ migration, statements: untraced, allowance } };
    });
}

/** Why the statements after some place have no trace. */
function untracedReason(migrations: readonly TracedMigration[]): string | undefined {
  for (const { migration, statements } of migrations) {
    const first = statements.find(
      ({ statement, trace }) => trace === undefined && statement.transactional,
    );
    if (first !== undefined)
      return `a statement fails in a scratch schema: nothing is traced from ${migration.file}:${first.statement.line} on. To see why, run: npx drizzle-fleet check ${migration.service} --database`;
  }
  return undefined;
}
