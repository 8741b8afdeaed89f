import { spawn } from "node:child_process";
import { constants } from "node:os";
import { relative, resolve } from "node:path";
import { databaseSettings } from "../config/environment.ts";
import { loadConfig } from "../config/load.ts";
import { type DatabaseAddress, locationOf } from "../core/database.ts";
import { FleetError } from "../core/errors.ts";
import type { Observer } from "../core/events.ts";
import type { Finding } from "../core/finding.ts";
import { deleteEmbedded } from "../dev/embedded.ts";
import { watchFiles } from "../dev/watch-files.ts";
import { type Context, migrationsFolder } from "../fleet/context.ts";
import { embeddedOptions, type OpenDatabases, withDatabases } from "../fleet/databases.ts";
import { withSession } from "../postgres/session.ts";
import { journalPath } from "../source/journal.ts";
import { checkSchema } from "./check.ts";
import { type MigrateResult, migrate } from "./migrate.ts";

/** Options of `dev`. */
export interface DevOptions {
  /** True to start the databases only: no migrations are applied and no schemas are watched. */
  readonly infra: boolean;
  readonly skipMigrations: boolean;
  /** A program to run after migrating, with its arguments; empty to watch the schemas. */
  readonly command: readonly string[];
}

/** Callbacks for what dev shows while it runs. */
export interface DevObserver {
  readonly rollout: Observer;
  readonly migrated: (result: MigrateResult) => void;
  /** How to connect to each database, as commands to copy. */
  readonly ready: (lines: readonly string[]) => void;
  /** Changes of the Drizzle schemas that have no migration yet; empty if there are none. */
  readonly schemas: (findings: readonly Finding[]) => void;
  /** Why the schemas cannot be checked at the moment, such as an error in the configuration. */
  readonly checkFailed: (error: unknown) => void;
}

/** How dev ended. */
export type DevResult =
  | { readonly kind: "stopped" }
  | { readonly kind: "migrationsFailed" }
  | { readonly kind: "commandEnded"; readonly code: number };

/** Starts the databases, migrates, then runs a program or watches the schemas until the context's signal is aborted. */
export async function dev(
  context: Context,
  options: DevOptions,
  observer: DevObserver,
): Promise<DevResult> {
  const { fleet } = context.config;
  return withDatabases(context, Object.keys(fleet.databases), async (open): Promise<DevResult> => {
    await reachAll(context, open);
    if (!options.infra && !options.skipMigrations) {
      const quiet = { ...context, notify: () => undefined };
      const result = await migrate(
        quiet,
        { services: [], tenants: [], databases: [] },
        observer.rollout,
      );
      observer.migrated(result);
      if (context.signal?.aborted === true) return { kind: "stopped" };
      if (result.outcomes.some(({ status }) => status !== "succeeded" && status !== "skipped")) {
        return { kind: "migrationsFailed" };
      }
    }
    if (context.signal?.aborted === true) return { kind: "stopped" };
    observer.ready(connectionLines(context, open));
    if (options.command.length > 0)
      return { kind: "commandEnded", code: await runCommand(context, options.command, open) };
    if (options.infra) await untilStopped(context);
    else await watchSchemas(context, observer);
    return { kind: "stopped" };
  });
}

/**
 * Deletes the embedded database.
 *
 * @returns false if there was none
 * @throws FleetError `refused` in production, with a configured database, or while another command uses it
 */
export async function deleteDevelopmentData(context: Context): Promise<boolean> {
  const { fleet } = context.config;
  const configured = databaseSettings(fleet, context.environment);
  if (context.environment.NODE_ENV === "production" || configured.length > 0) {
    const settings = configured.length > 0 ? configured.join(" and ") : "NODE_ENV=production";
    const reason = `${settings} ${configured.length > 1 ? "are" : "is"} set`;
    throw new FleetError("refused", `only the embedded database can be deleted, but ${reason}`, {
      remedy: `Nothing was deleted. To delete the embedded database, run the same command without ${settings}.`,
    });
  }
  return deleteEmbedded(embeddedOptions(context));
}

/** Connects once, so that an unreachable database is reported before the user's program starts. */
async function reachAll(context: Context, open: OpenDatabases): Promise<void> {
  const { databases, connectTimeout } = context.config.fleet;
  const connect = { waitMs: connectTimeout, signal: context.signal };
  await Promise.all(
    Object.keys(databases).map((name) =>
      withSession(open.addressOf(name), connect, async () => undefined),
    ),
  );
}

function connectionLines(context: Context, open: OpenDatabases): string[] {
  const file = relative(process.cwd(), resolve(embeddedOptions(context).folder, "pgpass"));
  return Object.keys(context.config.fleet.databases).map((name) => {
    const address = open.addressOf(name);
    return `${name}: ${open.embedded ? `PGPASSFILE=${file} ${psql(address)}` : locationOf(address)}`;
  });
}

function psql(address: DatabaseAddress): string {
  const url = new URL(address.url);
  return `psql -h ${url.hostname} -p ${url.port} -U ${url.username} ${decodeURIComponent(url.pathname.slice(1))}`;
}

/**
 * Runs the user's program with the databases' URLs in its environment. The context's signal stops it with SIGTERM; if this
 * process exits first, the program is killed.
 *
 * @returns its exit code, or 128 plus the signal's number as in a shell
 */
function runCommand(
  context: Context,
  [program = "", ...args]: readonly string[],
  open: OpenDatabases,
): Promise<number> {
  const environment = { ...context.environment, ...urlVariables(context, open) };
  return new Promise((done, fail) => {
    const child = spawn(program, args, { stdio: "inherit", env: environment });
    const stop = () => child.kill("SIGTERM");
    const kill = () => child.kill("SIGKILL");
    context.signal?.addEventListener("abort", stop, { once: true });
    process.once("exit", kill);
    child.on("error", (cause) => {
      const remedy = "Check the spelling of the command.";
      fail(new FleetError("usage", `cannot run ${program}: ${cause.message}`, { remedy, cause }));
    });
    child.on("exit", (code, signal) => {
      process.off("exit", kill);
      done(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

/** The environment variables for a program: the URLs of the databases as their owner, and the application role. */
function urlVariables(context: Context, open: OpenDatabases): Record<string, string> {
  const databases = Object.entries(context.config.fleet.databases);
  const urls = databases.flatMap(([name, { url }]) =>
    typeof url !== "object" ? [] : [[url.environmentVariable, open.addressOf(name).url]],
  );
  const [first = ""] = databases.map(([name]) => name);
  const application = open.applicationAddressOf?.(first).url;
  if (application === undefined) return Object.fromEntries(urls);
  const { username, password } = new URL(application);
  return {
    ...Object.fromEntries(urls),
    DB_USER_SERVER: decodeURIComponent(username),
    DB_PASSWORD_SERVER: decodeURIComponent(password),
  };
}

async function untilStopped({ signal }: Context): Promise<void> {
  // The timer keeps the process alive: without connections, nothing else does.
  const alive = setInterval(() => undefined, 60_000);
  await new Promise<void>((done) => {
    if (signal === undefined || signal.aborted) done();
    else signal.addEventListener("abort", () => done(), { once: true });
  });
  clearInterval(alive);
}

const settleMs = 200;

/**
 * Checks the schemas now, and after every change of a journal, the configuration, a schema file or one of their imports,
 * including files that do not exist yet.
 */
async function watchSchemas(context: Context, observer: DevObserver): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let checking = Promise.resolve();
  const { watch } = await import("chokidar");
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      checking = checking.then(checkAgain);
    }, settleMs);
  };
  const files = watchFiles(changed, ({ message }) =>
    context.notify(`cannot watch for changes: ${message}`),
  );
  const folders = watch(watchedPaths(context), { ignoreInitial: true });
  const checkAll = async (): Promise<void> => {
    files.add(context.config.file);
    const config = await loadConfig(context.config.file, files.add);
    const current = { ...context, config };
    folders.add(watchedPaths(current));
    const findings: Finding[] = [];
    for (const [service, own] of Object.entries(config.fleet.services))
      findings.push(...(await checkSchema(current, service, own, files.add)));
    observer.schemas(findings);
  };
  // An error is shown and the watch continues: the user may be about to correct it.
  const checkAgain = () => checkAll().catch(observer.checkFailed);
  folders.on("all", changed);
  // The first check runs after the watch is ready, so that no change is missed.
  await new Promise<void>((ready) => folders.once("ready", ready));
  checking = checking.then(checkAgain);
  await untilStopped(context);
  clearTimeout(timer);
  await checking;
  files.close();
  await folders.close();
}

/** The folders of the schemas and the journals. For a pattern, the folder before its first wildcard. */
function watchedPaths(context: Context): string[] {
  const { root, fleet } = context.config;
  return Object.entries(fleet.services).flatMap(([service, { schema }]) => [
    ...[schema].flat().map((path) => resolve(root, path.replace(/[^/]*[*?{[].*$/, "") || ".")),
    journalPath(migrationsFolder(context, service)),
  ]);
}
