import type { ServiceConfig } from "../config/schema.ts";
import { FleetError, isFleetError, throwProblems } from "../core/errors.ts";
import type { Finding } from "../core/finding.ts";
import type { StatementFinding } from "../core/lint.ts";
import type { Migration } from "../core/migration.ts";
import { type Context, migrationsFolder } from "../fleet/context.ts";
import type { AlsoTry } from "../proof/prove-services.ts";
import { readMigrations } from "../source/read-migrations.ts";
import { loadParser } from "../sql/parser.ts";
import { lintService, refuseUnreadable } from "./run.ts";
import { selectNew } from "./select.ts";
import { settingsOf, unknownRuleErrors } from "./settings.ts";

/**
 * For `check`: lints the migrations that are new against the default branch, and reports errors. Without a branch to compare
 * with, nothing is reported: released migrations would be, and cannot be changed.
 *
 * @throws FleetError `config` for unknown rules
 */
export async function newFindings(
  context: Context,
  services: readonly (readonly [string, ServiceConfig])[],
): Promise<AlsoTry> {
  throwProblems(unknownRuleErrors(context.config.fleet), "the configuration names unknown rules");
  const histories = new Map<string, readonly Migration[]>();
  for (const [service] of services) {
    const path = migrationsFolder(context, service);
    histories.set(service, await readMigrations(service, path).catch(noMigrations));
  }
  const { selection, migrations } = await selectNew(context, histories, undefined);
  return async (session, service, config) => {
    const selected = migrations.get(service);
    if (selection.kind === "all" || selected === undefined) return [];
    const job = {
      ...{ service, config, selected, settings: settingsOf(context.config.fleet, config) },
      ...{ migrations: histories.get(service) ?? [], sizes: new Map<string, number>() },
    };
    // What cannot be read is a finding of its own.
    const isReadable = await refuseUnreadable(job).then(() => true, isNotFleetError);
    if (!isReadable) return [];
    await loadParser();
    const { findings } = await lintService(context, job, session);
    return findings.filter(({ severity }) => severity === "error").map(asFinding);
  };
}

/** A folder that cannot be read is a finding of `check` itself. */
function noMigrations(error: unknown): Migration[] {
  if (!isFleetError(error)) throw error;
  return [];
}

function isNotFleetError(error: unknown): false {
  if (!isFleetError(error)) throw error;
  return false;
}

function asFinding(finding: StatementFinding): Finding {
  const { service, rule, file, line, message, remedy, statement, url } = finding;
  const [excerpt = ""] = statement.split("\n");
  return {
    service,
    problem: new FleetError("lint", `${message} (${rule})`, {
      where: `${file}:${line}`,
      excerpt,
      remedy: `${remedy}\n   If it is harmless here, write above it: -- drizzle-fleet: allow ${rule} because REASON\n   ${url}`,
    }),
  };
}
