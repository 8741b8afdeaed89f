import { type FleetError, throwProblems } from "../core/errors.ts";
import { type Plan, targetsOf } from "../core/plan.ts";
import type { History } from "../plan/build.ts";
import { ensureExtensions } from "../postgres/extensions.ts";
import { withSession } from "../postgres/session.ts";
import type { Script } from "../rollout/run.ts";
import type { Context, OpenDatabases } from "./context.ts";
import { allowanceOf, schemasBehind, selectServices } from "./services.ts";

/** The migrations that some target misses, and the extensions they need, by service. */
export interface Scripts {
  readonly scriptOf: (service: string, tag: string) => Script | undefined;
  readonly extensions: ReadonlyMap<string, readonly string[]>;
}

/**
 * Parses every migration that some target misses, once for the whole fleet, and refuses all that leaves a
 * tenant before the first target is touched.
 */
export async function readScripts(
  context: Context,
  plan: Plan,
  histories: ReadonlyMap<string, History>,
): Promise<Scripts> {
  const wanted = new Set(
    targetsOf(plan).flatMap(({ target, steps }) =>
      steps.map(({ tag }) => scriptKey(target.service, tag)),
    ),
  );
  const byKey = new Map<string, Script>();
  const extensions = new Map<string, string[]>();
  const scriptOf = (service: string, tag: string) => byKey.get(scriptKey(service, tag));
  if (wanted.size === 0) return { scriptOf, extensions };
  const { loadParser } = await import("../sql/parser.ts");
  const { readStatements } = await import("../sql/read-statements.ts");
  await loadParser();
  const problems: FleetError[] = [];
  for (const [service, config] of selectServices(context.config.fleet, [...histories.keys()])) {
    const migrations = histories.get(service)?.migrations ?? [];
    for (const migration of migrations.filter(({ tag }) => wanted.has(scriptKey(service, tag)))) {
      const read = readStatements(
        migration.file,
        migration.text,
        allowanceOf(config, migration.tag),
        problems,
      );
      const script = {
        migration,
        statements: read.statements,
        sharedSchemas: schemasBehind(config),
      };
      byKey.set(scriptKey(service, migration.tag), script);
      extensions.set(service, [...(extensions.get(service) ?? []), ...read.extensions]);
    }
  }
  throwProblems(problems, "some migrations cannot be applied to a tenant");
  return { scriptOf, extensions };
}

/** Extensions belong to the database: they are made once, before its first target. */
export async function createExtensions(
  context: Context,
  { extensions }: Scripts,
  open: OpenDatabases,
): Promise<void> {
  const connect = { waitMs: context.config.fleet.connectTimeout, signal: context.signal };
  for (const [service, names] of extensions) {
    const config = context.config.fleet.services[service];
    if (names.length === 0 || config?.extensionSchema === undefined) continue;
    const { extensionSchema } = config;
    await withSession(open.addressOf(config.database), connect, (session) =>
      ensureExtensions(session, extensionSchema, names),
    );
  }
}

function scriptKey(service: string, tag: string): string {
  return JSON.stringify([service, tag]);
}
