import { throwProblems } from "../core/errors.ts";
import type { LintResult } from "../core/lint.ts";
import { type Context, migrationsFolder } from "../fleet/context.ts";
import { selectServices } from "../fleet/services.ts";
import { type Pending, selectPending } from "../lint/pending.ts";
import { type LintedService, type LintJob, lintService, refuseUnreadable } from "../lint/run.ts";
import { selectAll, selectNew } from "../lint/select.ts";
import { settingsOf, unknownRuleErrors } from "../lint/settings.ts";
import { onServer } from "../proof/scratch.ts";
import { readMigrations } from "../source/read-migrations.ts";
import { loadParser } from "../sql/parser.ts";

/** What to lint. */
export interface LintRequest {
  /** The services; empty for all. */
  readonly services: readonly string[];
  /**
   * Which migrations: `new`, those that are not on the default branch; `pending`, those that a tenant misses; `all`; or those
   * that are not in a commit. Default: `new`.
   */
  readonly select?: "new" | "pending" | "all" | { readonly since: string };
  /** False to judge the SQL without a server. Default: true. */
  readonly trace?: boolean;
  /** The URL of the database for scratch schemas; default: the configured one, or the embedded server. */
  readonly database?: string | undefined;
  /** True to also return what each statement does. */
  readonly explain?: boolean;
}

/**
 * Finds statements of migrations that harm running tenants: locks, rewrites, scans, lost data, and more. Each statement is
 * traced in a scratch schema; without a server, its text is judged.
 *
 * @throws FleetError `usage` for unknown services or commits; `config` for unknown rules; `journal`, `syntax` or `isolation`
 *   for migrations that cannot be read; `unreachable` if a database cannot be read
 * @example
 * const { findings } = await lint(context, { services: [], select: { since: "origin/main" } });
 * const errors = findings.filter(({ severity }) => severity === "error");
 */
export async function lint(context: Context, request: LintRequest): Promise<LintResult> {
  const { fleet } = context.config;
  throwProblems(unknownRuleErrors(fleet), "the configuration names unknown rules");
  const services = selectServices(fleet, request.services);
  const { selection, histories, migrations, sizes } = await select(context, request);
  const jobs = services.map(
    ([service, config]): LintJob => ({
      ...{ service, config, settings: settingsOf(fleet, config) },
      migrations: histories.get(service) ?? [],
      selected: migrations.get(service) ?? new Set(),
      sizes: sizes.get(service) ?? new Map(),
    }),
  );
  for (const job of jobs) await refuseUnreadable(job);
  const linted = await lintJobs(context, jobs, request);
  return {
    selection,
    migrations: jobs.flatMap(({ service, migrations: all, selected }) =>
      all.filter((one) => selected.has(one)).map(({ tag }) => ({ service, tag })),
    ),
    findings: linted.flatMap(({ findings }) => findings),
    untraced: linted.flatMap(({ untraced }) => untraced),
    ...(request.explain === true
      ? { statements: linted.flatMap(({ statements }) => statements) }
      : {}),
  };
}

async function select(
  context: Context,
  { services, select: which = "new" }: LintRequest,
): Promise<Pending> {
  if (which === "pending") return selectPending(context, services);
  const read = selectServices(context.config.fleet, services).map(
    async ([service]) =>
      [service, await readMigrations(service, migrationsFolder(context, service))] as const,
  );
  const histories = new Map(await Promise.all(read));
  const since = typeof which === "object" ? which.since : undefined;
  const selected =
    which === "all" ? selectAll(histories) : await selectNew(context, histories, since);
  return { ...selected, histories, sizes: new Map() };
}

/** Lints all services in one session, or without one if that is asked for, or if the embedded server cannot start. */
async function lintJobs(
  context: Context,
  jobs: readonly LintJob[],
  { trace = true, database }: LintRequest,
): Promise<LintedService[]> {
  const isNeeded = trace && jobs.some(({ selected }) => selected.size > 0);
  await loadParser();
  const lintAll = async (server: Parameters<typeof lintService>[2]) => {
    const linted: LintedService[] = [];
    for (const job of jobs) linted.push(await lintService(context, job, server));
    return linted;
  };
  const done = await onServer(context, isNeeded, { proof: true, database }, lintAll);
  return typeof done === "string" ? lintAll(trace ? done : "--no-trace") : done;
}
