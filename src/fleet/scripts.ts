import type { ServiceConfig } from "../config/schema.ts";
import type { Down } from "../core/down.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import { faultKey } from "../core/fault.ts";
import type { Migration } from "../core/migration.ts";
import { type Plan, targetsOf } from "../core/plan.ts";
import { ensureExtensions } from "../postgres/extensions.ts";
import { withSession } from "../postgres/session.ts";
import type { MigrationScript } from "../rollout/step-run.ts";
import { readAccepted } from "../source/accepted.ts";
import { readDown } from "../source/downs.ts";
import { emptyMigrationError, isEmptyOnPurpose, runsNothing } from "../source/empty-migration.ts";
import type { ReadMigration } from "../sql/read-statements.ts";
import { type Context, migrationsFolder } from "./context.ts";
import { databasesOf } from "./databases.ts";
import type { OpenFleet, SelectedFleet } from "./open-fleet.ts";
import { allowanceOf, selectServices, sharedSchemasOf } from "./services.ts";

/** The migrations that a plan applies, and the extensions they need, by service. */
export interface Scripts {
  readonly scriptOf: (service: string, tag: string) => MigrationScript | undefined;
  readonly extensions: ReadonlyMap<string, readonly string[]>;
}

/**
 * Parses every migration that a target is missing, once for the complete fleet.
 *
 * @throws FleetError with every statement that would leave its tenant, before the first target is changed
 */
export async function readScripts(
  { context, histories }: SelectedFleet,
  plan: Plan,
): Promise<Scripts> {
  const extensions = new Map<string, string[]>();
  const scriptOf = await parseAll(context, plan, histories, async (reader, migration) => {
    const before = reader.problems.length;
    const made = reader.read(migration);
    const { script, extensions: own } = made;
    const { service } = migration;
    const empty = reader.problems.length === before && runsNothing({ ...script, ...made });
    if (empty && !(await mayBeEmpty(context, migration)))
      reader.problems.push(emptyMigrationError(migration));
    extensions.set(service, [...(extensions.get(service) ?? []), ...own]);
    return script;
  });
  return { scriptOf, extensions };
}

/** True if an empty migration is marked as intended, or was accepted after its release. */
async function mayBeEmpty(context: Context, migration: Migration): Promise<boolean> {
  if (isEmptyOnPurpose(migration)) return true;
  const accepted = await readAccepted(migrationsFolder(context, migration.service));
  return Object.hasOwn(accepted, faultKey({ kind: "empty-migration", of: migration.tag }));
}

/**
 * Parses the downs of all migrations that a plan reverts, as `readScripts` does.
 *
 * @param allowDataLoss the user's consent to downs that cannot restore all data
 * @throws FleetError before anything is done: `down` for downs that are missing, empty, marked as irreversible, or lose
 *   data without consent
 */
export function readDownScripts(
  { context, histories }: SelectedFleet,
  plan: Plan,
  allowDataLoss: boolean,
): Promise<Scripts["scriptOf"]> {
  return parseAll(context, plan, histories, async (reader, migration) => {
    const { problems } = reader;
    const down = await readDown(migration);
    const problem = downProblem(migration, down, allowDataLoss);
    if (problem !== undefined) problems.push(problem);
    if (problem !== undefined || down === undefined) return undefined;
    const { file, checksum, text, dataLoss, nothing: isIntended } = down;
    const before = problems.length;
    const { script, ...made } = reader.read({ ...migration, file, checksum, text }, migration);
    const nothing = problems.length === before && runsNothing({ ...script, ...made });
    if (nothing && dataLoss.length === 0 && isIntended === undefined)
      problems.push(emptyDownError(migration.tag, file));
    return script;
  });
}

function downProblem(
  { tag, service, downFile, contract }: Migration,
  down: Down | undefined,
  allowDataLoss: boolean,
): FleetError | undefined {
  if (down === undefined)
    return new FleetError("down", `${tag} has no down`, {
      where: downFile,
      remedy: `Nothing was changed. To generate one for review, run: npx drizzle-fleet generate ${service} --down`,
    });
  const { file: where, irreversible, dataLoss, empty, nothing } = down;
  if (irreversible !== undefined)
    return new FleetError(
      "down",
      `${tag} is irreversible${irreversible === "" ? "" : `: ${irreversible}`}`,
      {
        where,
        remedy:
          "Nothing was changed. Downgrade to this migration or a later one, or restore a backup.",
      },
    );
  if (empty && nothing === undefined && dataLoss.length === 0) return emptyDownError(tag, where);
  if (dataLoss.length > 0 && !allowDataLoss)
    return new FleetError(
      "down",
      `reverting ${tag} does not restore everything: ${dataLoss.join("; ")}`,
      {
        where,
        remedy: `Nothing was changed. ${contract === undefined ? "" : `${tag} is a contract, and the floor of a downgrade that loses nothing: code of releases before ${contract.after} runs only below it. `}To revert it anyway, run the same command with --allow-data-loss.`,
      },
    );
  return undefined;
}

function emptyDownError(tag: string, where: string): FleetError {
  return new FleetError("down", `the down of ${tag} is empty`, {
    where,
    remedy: "Nothing was changed. Write the SQL that reverts the migration.",
  });
}

/** Reads migrations of one service. */
interface ScriptReader {
  /** @param reverts for a down: its migration */
  readonly read: (
    migration: Migration,
    reverts?: Migration,
  ) => Pick<ReadMigration, "extensions" | "ownSchema"> & { readonly script: MigrationScript };
  /** The problems found so far. */
  readonly problems: FleetError[];
}

type ReadOne = (reader: ScriptReader, migration: Migration) => Promise<MigrationScript | undefined>;

/** Reads one script for each migration that a plan's steps name. */
async function parseAll(
  context: Context,
  plan: Plan,
  histories: SelectedFleet["histories"],
  readOne: ReadOne,
): Promise<Scripts["scriptOf"]> {
  const wanted = new Set(
    targetsOf(plan).flatMap(({ target, steps }) =>
      steps.map(({ tag }) => scriptKey(target.service, tag)),
    ),
  );
  const byKey = new Map<string, MigrationScript>();
  const scriptOf = (service: string, tag: string) => byKey.get(scriptKey(service, tag));
  if (wanted.size === 0) return scriptOf;
  const { loadParser } = await import("../sql/parser.ts");
  await loadParser();
  const problems: FleetError[] = [];
  for (const [service, config] of selectServices(context.config.fleet, [...histories.keys()])) {
    const reader = { read: await readerFor(config, problems), problems };
    const migrations = histories.get(service)?.migrations ?? [];
    for (const migration of migrations.filter(({ tag }) => wanted.has(scriptKey(service, tag)))) {
      // A large migration can exhaust the parser. Then it is loaded again.
      await loadParser();
      const script = await readOne(reader, migration);
      if (script !== undefined) byKey.set(scriptKey(service, migration.tag), script);
    }
  }
  throwProblems(problems, "some migrations cannot be run");
  return scriptOf;
}

async function readerFor(
  config: ServiceConfig,
  problems: FleetError[],
): Promise<ScriptReader["read"]> {
  const { readStatements } = await import("../sql/read-statements.ts");
  return (migration, reverts) => {
    const { file, text, tag } = migration;
    // Problems of the migration itself do not affect its down.
    const up = reverts && readStatements(reverts.file, reverts.text, allowanceOf(config, tag), []);
    const allowance = allowanceOf(config, tag, up);
    const { statements, ...rest } = readStatements(file, text, allowance, problems);
    const script = { migration, statements, sharedSchemas: sharedSchemasOf(config) };
    return { script, ...rest };
  };
}

/** Creates missing extensions once in each database with targets to change, because they belong to the database. */
export async function createExtensions(
  { context, open }: OpenFleet,
  plan: Plan,
  { extensions }: Scripts,
): Promise<void> {
  const connect = { waitMs: context.config.fleet.connectTimeout, signal: context.signal };
  for (const [service, names] of extensions) {
    const config = context.config.fleet.services[service];
    if (names.length === 0 || config?.extensionSchema === undefined) continue;
    const { extensionSchema } = config;
    const changed = targetsOf(plan).filter(
      ({ target, steps }) => target.service === service && steps.length > 0,
    );
    for (const database of databasesOf(changed.map(({ target }) => target)))
      await withSession(open.addressOf(database), connect, (session) =>
        ensureExtensions(session, extensionSchema, names),
      );
  }
}

function scriptKey(service: string, tag: string): string {
  return JSON.stringify([service, tag]);
}
