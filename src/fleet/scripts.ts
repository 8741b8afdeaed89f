import type { ServiceConfig } from "../config/schema.ts";
import type { Down } from "../core/down.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import { faultKey } from "../core/fault.ts";
import type { Migration } from "../core/migration.ts";
import { type Plan, targetsOf } from "../core/plan.ts";
import type { History } from "../plan/build.ts";
import { ensureExtensions } from "../postgres/extensions.ts";
import { withSession } from "../postgres/session.ts";
import type { Script } from "../rollout/run.ts";
import { readAccepted } from "../source/accepted.ts";
import { readDown } from "../source/downs.ts";
import { emptyMigrationError, isEmptyOnPurpose, runsNothing } from "../source/empty-migration.ts";
import type { ReadMigration } from "../sql/read-statements.ts";
import { type Context, migrationsFolder, type OpenDatabases } from "./context.ts";
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
  const extensions = new Map<string, string[]>();
  const scriptOf = await parseAll(
    context,
    plan,
    histories,
    async (read, config, migration, problems) => {
      const before = problems.length;
      const made = read(config, migration);
      const { script, extensions: own } = made;
      const { service } = migration;
      const empty = problems.length === before && runsNothing({ ...script, ...made });
      if (empty && !(await mayBeEmpty(context, migration)))
        problems.push(emptyMigrationError(migration));
      extensions.set(service, [...(extensions.get(service) ?? []), ...own]);
      return script;
    },
  );
  return { scriptOf, extensions };
}

/** True when an empty migration is meant to be, or was released as it is. */
async function mayBeEmpty(context: Context, migration: Migration): Promise<boolean> {
  if (isEmptyOnPurpose(migration)) return true;
  const accepted = await readAccepted(migrationsFolder(context, migration.service));
  return Object.hasOwn(accepted, faultKey({ kind: "empty-migration", of: migration.tag }));
}

/**
 * Parses the downs of all migrations that are to be taken back, as `readScripts` does.
 *
 * @param allowDataLoss the user's consent to downs that cannot bring everything back
 * @throws FleetError before anything is done: `down` for those that are missing, left empty or said to be
 *   irreversible, or lose data without consent
 */
export function readDownScripts(
  context: Context,
  plan: Plan,
  histories: ReadonlyMap<string, History>,
  allowDataLoss: boolean,
): Promise<Scripts["scriptOf"]> {
  return parseAll(context, plan, histories, async (read, config, migration, problems) => {
    const down = await readDown(migration);
    const refusal = downProblem(migration, down, allowDataLoss);
    if (refusal !== undefined) problems.push(refusal);
    if (refusal !== undefined || down === undefined) return undefined;
    const { file, checksum, text, dataLoss, nothing: isMeant } = down;
    const before = problems.length;
    const { script, ...made } = read(config, { ...migration, file, checksum, text }, migration);
    const nothing = problems.length === before && runsNothing({ ...script, ...made });
    if (nothing && dataLoss.length === 0 && isMeant === undefined)
      problems.push(emptyDownError(migration.tag, file));
    return script;
  });
}

function downProblem(
  { tag, service, downFile }: Migration,
  down: Down | undefined,
  allowDataLoss: boolean,
): FleetError | undefined {
  if (down === undefined)
    return new FleetError("down", `${tag} has no down`, {
      where: downFile,
      remedy: `Make it with drizzle-fleet generate ${service} --down, and read it. Nothing was changed.`,
    });
  const { file: where, irreversible, dataLoss, empty, nothing } = down;
  if (irreversible !== undefined)
    return new FleetError(
      "down",
      `${tag} is irreversible${irreversible === "" ? "" : `: ${irreversible}`}`,
      {
        where,
        remedy: "Downgrade to a migration behind it, or restore a backup. Nothing was changed.",
      },
    );
  if (empty && nothing === undefined && dataLoss.length === 0) return emptyDownError(tag, where);
  if (dataLoss.length > 0 && !allowDataLoss)
    return new FleetError(
      "down",
      `taking back ${tag} does not bring everything back: ${dataLoss.join("; ")}`,
      {
        where,
        remedy: "If that is what you want, add --allow-data-loss. Nothing was changed.",
      },
    );
  return undefined;
}

function emptyDownError(tag: string, where: string): FleetError {
  return new FleetError("down", `the down of ${tag} is empty`, {
    where,
    remedy: "Write the SQL that takes the migration back. Nothing was changed.",
  });
}

/** @param reverts for a down: its migration */
type ReadScript = (
  config: ServiceConfig,
  migration: Migration,
  reverts?: Migration,
) => Pick<ReadMigration, "extensions" | "ownSchema"> & { readonly script: Script };

/** Reads one script for each migration that a plan's steps name. */
async function parseAll(
  context: Context,
  plan: Plan,
  histories: ReadonlyMap<string, History>,
  scriptFor: (
    read: ReadScript,
    config: ServiceConfig,
    migration: Migration,
    problems: FleetError[],
  ) => Promise<Script | undefined>,
): Promise<Scripts["scriptOf"]> {
  const wanted = new Set(
    targetsOf(plan).flatMap(({ target, steps }) =>
      steps.map(({ tag }) => scriptKey(target.service, tag)),
    ),
  );
  const byKey = new Map<string, Script>();
  const scriptOf = (service: string, tag: string) => byKey.get(scriptKey(service, tag));
  if (wanted.size === 0) return scriptOf;
  const { loadParser } = await import("../sql/parser.ts");
  const { readStatements } = await import("../sql/read-statements.ts");
  await loadParser();
  const problems: FleetError[] = [];
  const read: ReadScript = (config, migration, reverts) => {
    const { file, text, tag } = migration;
    // What the migration itself may not do is none of the down's problems.
    const up = reverts && readStatements(reverts.file, reverts.text, allowanceOf(config, tag), []);
    const { statements, ...rest } = readStatements(
      file,
      text,
      allowanceOf(config, tag, up),
      problems,
    );
    const script = { migration, statements, sharedSchemas: schemasBehind(config) };
    return { script, ...rest };
  };
  for (const [service, config] of selectServices(context.config.fleet, [...histories.keys()])) {
    const migrations = histories.get(service)?.migrations ?? [];
    for (const migration of migrations.filter(({ tag }) => wanted.has(scriptKey(service, tag)))) {
      // One that was exhausted by the migration before is loaded anew.
      await loadParser();
      const script = await scriptFor(read, config, migration, problems);
      if (script !== undefined) byKey.set(scriptKey(service, migration.tag), script);
    }
  }
  throwProblems(problems, "some migrations cannot be run");
  return scriptOf;
}

/** Extensions belong to the database: they are made once in each that has targets to change, before the first. */
export async function createExtensions(
  context: Context,
  plan: Plan,
  { extensions }: Scripts,
  open: OpenDatabases,
): Promise<void> {
  const connect = { waitMs: context.config.fleet.connectTimeout, signal: context.signal };
  for (const [service, names] of extensions) {
    const config = context.config.fleet.services[service];
    if (names.length === 0 || config?.extensionSchema === undefined) continue;
    const { extensionSchema } = config;
    const changed = targetsOf(plan).filter(
      ({ target, steps }) => target.service === service && steps.length > 0,
    );
    for (const database of new Set(changed.map(({ target }) => target.database)))
      await withSession(open.addressOf(database), connect, (session) =>
        ensureExtensions(session, extensionSchema, names),
      );
  }
}

function scriptKey(service: string, tag: string): string {
  return JSON.stringify([service, tag]);
}
