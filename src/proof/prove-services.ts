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

/** A history that was proved, with what was. */
export interface ProvedService {
  readonly service: string;
  readonly migrations: number;
  /** How many of them were taken back by their down and applied again. */
  readonly downs: number;
}

/** What proofs found in each service. */
export interface ProvedHistories {
  readonly findings: readonly Finding[];
  /** Every service with migrations, also one with findings. */
  readonly tried: readonly ProvedService[];
}

/**
 * Proves histories on a real server, see `proveHistory`.
 *
 * @param names services; none means all
 * @param url a database to work in, in schemas of its own that are dropped again; undefined for the embedded server
 */
export async function proveHistories(
  context: Context,
  names: readonly string[],
  url: string | undefined,
): Promise<readonly Finding[]> {
  return (await tryHistories(context, names, url)).findings;
}

/** As `proveHistories`, with how much was tried. */
export async function tryHistories(
  context: Context,
  names: readonly string[],
  url: string | undefined,
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
    }
    return { findings, tried };
  });
}

interface Tried extends ProvedHistory {
  readonly migrations: number;
}

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
