import { relative } from "node:path";
import { undecided } from "../autogenerate/decisions.ts";
import { loadKit } from "../autogenerate/kit.ts";
import { type ServiceConfig, sourceSchemasOf } from "../config/schema.ts";
import { type FleetError, isFleetError } from "../core/errors.ts";
import type { Finding } from "../core/finding.ts";
import type { Session } from "../postgres/session.ts";
import { proveHistory } from "../proof/history.ts";
import { readFolder } from "../source/folder.ts";
import { readMigrations } from "../source/read-migrations.ts";
import { readNearest } from "../source/stored-snapshot.ts";
import { loadParser } from "../sql/parser.ts";
import { type Context, migrationsFolder } from "./context.ts";
import { benchOf, withScratch } from "./scratch.ts";
import { selectServices } from "./services.ts";

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
): Promise<Finding[]> {
  await loadParser();
  return withScratch(context, url, async (session) => {
    const findings: Finding[] = [];
    for (const [service, config] of selectServices(context.config.fleet, names)) {
      const problems = await proveService(context, session, service, config).catch(asProblems);
      findings.push(...problems.map((problem) => ({ service, problem })));
    }
    return findings;
  });
}

function asProblems(error: unknown): readonly FleetError[] {
  if (!isFleetError(error)) throw error;
  return error.problems.length > 0 ? error.problems : [error];
}

async function proveService(
  context: Context,
  session: Session,
  service: string,
  config: ServiceConfig,
): Promise<readonly FleetError[]> {
  const path = migrationsFolder(context, service);
  const [kit, folder, migrations] = await Promise.all([
    loadKit(context.config.root, sourceSchemasOf(config)),
    readFolder(path),
    readMigrations(service, path),
  ]);
  const newest = folder?.migrations.at(-1);
  const last = (folder?.migrations.length ?? 0) - 1;
  const hasSnapshot = folder !== undefined && (await readNearest(folder, last)) !== undefined;
  return proveHistory(benchOf(context, session, service, config), {
    migrations,
    ...(hasSnapshot && {
      described: async () =>
        kit.diff(await kit.at(undefined, -1), await kit.at(folder, last), undecided),
    }),
    snapshotFile: relative(process.cwd(), newest?.snapshot ?? path),
  });
}
