import { relative } from "node:path";
import { undecided } from "../autogenerate/decisions.ts";
import { loadKit } from "../autogenerate/kit.ts";
import { type ServiceConfig, sourceSchemasOf } from "../config/schema.ts";
import { isFleetError } from "../core/errors.ts";
import type { Finding } from "../core/finding.ts";
import { type Context, migrationsFolder } from "../fleet/context.ts";
import { selectServices } from "../fleet/services.ts";
import type { Session } from "../postgres/session.ts";
import { type ProvedHistory, proveHistory } from "../proof/history.ts";
import { readFolder } from "../source/folder.ts";
import { readMigrations } from "../source/read-migrations.ts";
import { readNearest } from "../source/stored-snapshot.ts";
import { loadParser } from "../sql/parser.ts";
import { benchOf, withScratch } from "./scratch.ts";

/** How much of one service's history was proved. */
export interface ProvedService {
  readonly service: string;
  /** The number of migrations in the history. */
  readonly migrations: number;
  /** The number of migrations that were reverted by their down and applied again. */
  readonly downs: number;
}

/** The results of proving histories. */
export interface ProvedHistories {
  readonly findings: readonly Finding[];
  /** Every service with migrations, including services with findings. */
  readonly tried: readonly ProvedService[];
}

/**
 * Proves the histories of services on a server. See `proveHistory`.
 *
 * @param names the services; empty for all
 * @param url the URL of a database for scratch schemas, which are dropped afterwards; undefined for the configured
 *   database, or the embedded server
 */
export async function proveHistories(
  context: Context,
  names: readonly string[],
  url: string | undefined,
): Promise<readonly Finding[]> {
  return (await tryHistories(context, names, url)).findings;
}

/** Something else to try on the same server: its findings are added. */
export type AlsoTry = (
  session: Session,
  service: string,
  config: ServiceConfig,
) => Promise<readonly Finding[]>;

/** As `proveHistories`, and returns how much was proved. */
export async function tryHistories(
  context: Context,
  names: readonly string[],
  url: string | undefined,
  also: AlsoTry = async () => [],
): Promise<ProvedHistories> {
  await loadParser();
  return withScratch(context, url, async (session) => {
    const findings: Finding[] = [];
    const tried: ProvedService[] = [];
    for (const [service, config] of selectServices(context.config.fleet, names)) {
      const proved = await proveService(context, session, service, config).catch(asProblems);
      findings.push(...proved.problems.map((problem) => ({ service, problem })));
      if (proved.migrations > 0) {
        const { migrations, downs } = proved;
        tried.push({ service, migrations, downs });
      }
      findings.push(...(await also(session, service, config)));
    }
    return { findings, tried };
  });
}

/** The proof of one history, and its number of migrations. */
interface Tried extends ProvedHistory {
  readonly migrations: number;
}

/** A history that cannot be read has problems, and no migration of it is proved. */
function asProblems(error: unknown): Tried {
  if (!isFleetError(error)) throw error;
  const problems = error.problems.length > 0 ? error.problems : [error];
  return { problems, migrations: 0, downs: 0 };
}

async function proveService(
  context: Context,
  session: Session,
  service: string,
  config: ServiceConfig,
): Promise<Tried> {
  const path = migrationsFolder(context, service);
  const [kit, folder, migrations] = await Promise.all([
    loadKit(context.config.root, sourceSchemasOf(config)),
    readFolder(path),
    readMigrations(service, path),
  ]);
  const newest = folder?.migrations.at(-1);
  const last = (folder?.migrations.length ?? 0) - 1;
  const hasSnapshot = folder !== undefined && (await readNearest(folder, last)) !== undefined;
  const proved = await proveHistory(benchOf(context, session, service, config), {
    migrations,
    ...(hasSnapshot && {
      described: async () =>
        kit.diff(await kit.at(undefined, -1), await kit.at(folder, last), undecided),
    }),
    snapshotFile: relative(process.cwd(), newest?.snapshot ?? path),
  });
  return { ...proved, migrations: migrations.length };
}
