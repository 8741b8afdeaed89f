import { mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { applicationRole } from "../config/environment.ts";
import { packageVersion } from "../config/version.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import type { LedgerState } from "../core/ledger.ts";
import { type Plan, type TargetPlan, targetsOf } from "../core/plan.ts";
import { type Target, targetName } from "../core/target.ts";
import {
  type DowngradeRequest,
  plannerFor as downgradePlanner,
  refuseAllServices,
  tagOf,
} from "../operations/downgrade.ts";
import { type MigrateRequest, plannerFor as migrationPlanner } from "../operations/migrate.ts";
import { type History, historyOf, type Planner, planTargets } from "../plan/build.ts";
import { scriptExtensions } from "../postgres/extensions.ts";
import { flush } from "../postgres/flush.ts";
import { counted } from "../report/words.ts";
import { writeTarget } from "../rollout/offline.ts";
import { PsqlScript } from "../rollout/psql.ts";
import { editedPart } from "../rollout/step.ts";
import { loadParser } from "../sql/parser.ts";
import { type Context, selectTargets } from "./context.ts";
import { readHistories } from "./plan-fleet.ts";
import { type RolloutRequest, refuseUnknownTag, withPlan } from "./planning.ts";
import { withTenants } from "./roster.ts";
import { readDownScripts, readScripts, type Scripts } from "./scripts.ts";

/** What to write instead of running it, and where. */
export interface Offline {
  /** `migrate` or `downgrade`. */
  readonly verb: string;
  /** Where every target is taken to stand: behind this migration, or at `base`. Undefined: the databases are read. */
  readonly from?: string;
  /** One file per target goes here; undefined: one script for all is given to `write`. */
  readonly folder?: string;
  readonly write: (text: string) => void;
}

interface OfflinePlan {
  readonly plan: Plan;
  readonly histories: ReadonlyMap<string, History>;
}

/**
 * Writes what `migrate` would send, as a script for psql. Changes nothing.
 *
 * @throws FleetError as `migrate` does, and for targets that have a problem
 */
export function scriptMigration(
  context: Context,
  request: MigrateRequest,
  offline: Offline,
): Promise<void> {
  return withTenants(context, request, (known) => scriptUp(known, request, offline));
}

async function scriptUp(
  context: Context,
  request: MigrateRequest,
  offline: Offline,
): Promise<void> {
  const planOne = migrationPlanner(context, request);
  const { plan, histories } = await planOffline(context, request, planOne, request.to, offline);
  const scripts = await readScripts(context, plan, histories);
  await writeScripts(context, request, plan, scripts, offline);
}

/** Writes what `downgrade` would send, as a script for psql. Changes nothing. */
export function scriptDowngrade(
  context: Context,
  request: DowngradeRequest,
  offline: Offline,
): Promise<void> {
  return withTenants(context, request, (known) => scriptDown(known, request, offline));
}

async function scriptDown(
  context: Context,
  request: DowngradeRequest,
  offline: Offline,
): Promise<void> {
  refuseAllServices(context, request);
  const planOne = downgradePlanner(request);
  const { plan, histories } = await planOffline(context, request, planOne, tagOf(request), offline);
  const consent = request.allowDataLoss === true;
  const scriptOf = await readDownScripts(context, plan, histories, consent);
  await writeScripts(context, request, plan, { scriptOf, extensions: new Map() }, offline);
}

async function planOffline(
  context: Context,
  request: RolloutRequest,
  planOne: Planner,
  tag: string | undefined,
  offline: Offline,
): Promise<OfflinePlan> {
  const selected = selectTargets(context, request);
  if (offline.folder === undefined) refuseSeveral(selected);
  const planned =
    offline.from === undefined
      ? await readAndPlan(context, request, planOne, tag)
      : await planUnseen(context, selected, planOne, tag, offline.from);
  const problems = targetsOf(planned.plan).flatMap(({ target, problems: own }) =>
    own.map(
      ({ message, remedy }) =>
        new FleetError("refused", `${targetName(target)}: ${message}`, { remedy }),
    ),
  );
  throwProblems(problems, "some targets have problems: no script was written");
  return planned;
}

/** A script is run in one database. */
function refuseSeveral(targets: readonly Target[]): void {
  const names = [...new Set(targets.map(({ database }) => database))];
  if (names.length < 2) return;
  throw new FleetError("usage", `one script cannot be for ${names.length} databases`, {
    remedy: `Choose one with --database: ${names.join(", ")}; or give --sql a folder.`,
  });
}

/** Without waves: a script goes from target to target. */
function readAndPlan(
  context: Context,
  { services, tenants, databases }: RolloutRequest,
  planOne: Planner,
  tag: string | undefined,
): Promise<OfflinePlan> {
  const request = { services, tenants, databases };
  return withPlan(context, { request, planOne, certain: false, tag }, async (planned) => planned);
}

/** Nobody has looked at the targets: what is missing of schema and ledger, the script must find out. */
async function planUnseen(
  context: Context,
  targets: readonly Target[],
  planOne: Planner,
  tag: string | undefined,
  from: string,
): Promise<OfflinePlan> {
  const histories = await readHistories(context, targets);
  refuseUnknownTag(tag, histories);
  if (from !== "base") refuseUnknownTag(from, histories);
  const stateOf = ({ service }: Target) => stateAt(histories.get(service) ?? historyOf([]), from);
  const plans = planTargets(targets, histories, stateOf, planOne).map(
    (plan): TargetPlan => (plan.create === "nothing" ? plan : { ...plan, create: "whatIsMissing" }),
  );
  return { plan: { waves: [{ name: "all", canary: false, targets: plans }] }, histories };
}

function stateAt({ migrations }: History, from: string): LedgerState {
  if (from === "base") return { kind: "noSchema" };
  const last = migrations.findIndex(({ tag }) => tag === from);
  const entries = migrations.slice(0, last + 1);
  return { kind: "ledger", entries: entries.map(({ tag, checksum }) => ({ tag, checksum })) };
}

/** Writes the scripts of a plan: one for all its targets, or a file for each. */
async function writeScripts(
  context: Context,
  request: RolloutRequest,
  plan: Plan,
  scripts: Scripts,
  offline: Offline,
): Promise<void> {
  const all = targetsOf(plan);
  const busy = all.filter(({ steps }) => steps.length > 0);
  const { folder, write } = offline;
  const writer = { context, request, scripts, offline };
  refuseOwnRoles(context, busy);
  throwProblems(editedParts(busy, scripts), "some targets have problems: no script was written");
  await loadParser();
  if (folder === undefined) {
    await writeScript(writer, busy, write);
  } else {
    const files = busy.map((one) => join(folder, fileOf(one.target)));
    throwProblems(await alreadyThere(files), "some files are there already");
    for (const [index, one] of busy.entries()) {
      const pieces: string[] = [];
      await writeScript(writer, [one], (text) => pieces.push(text));
      await writeNew(files[index] ?? "", pieces);
    }
  }
  const where = folder === undefined ? "" : `, one file each in ${folder}`;
  const idle = all.length - busy.length;
  context.notify(
    `${busy.length} of ${counted(all.length, "target")}${where}${idle > 0 ? "; the others have nothing to do" : ""}.`,
  );
}

/** A tenant's own role is to be made before its schema, and is called as only the server knows. */
function refuseOwnRoles({ config: { fleet }, environment }: Context, plans: readonly TargetPlan[]) {
  if (fleet.roles === "shared") return;
  const first = plans.find(
    ({ target, create }) =>
      create !== "nothing" &&
      target.tenant !== undefined &&
      applicationRole(fleet, target.database, environment) !== undefined,
  );
  if (first === undefined) return;
  throw new FleetError(
    "config",
    `${targetName(first.target)} has no schema yet, and a script cannot make the role of its own that it would need`,
    {
      where: "roles",
      remedy:
        "Let migrate or tenants add make the schemas; scripts can bring them further. No script was written.",
    },
  );
}

/** What was applied in part must be as it was; all targets are looked at before the first is written. */
function editedParts(plans: readonly TargetPlan[], { scriptOf }: Scripts): FleetError[] {
  return plans.flatMap(({ target, steps }) =>
    steps.flatMap((step) => {
      const script = scriptOf(target.service, step.tag);
      const message = script && editedPart(step, script);
      if (message === undefined) return [];
      return new FleetError("edited", `${targetName(target)}: ${message}`, {
        remedy: "Restore that part of the file; only what was not applied yet may change.",
      });
    }),
  );
}

interface Writer {
  readonly context: Context;
  readonly request: RolloutRequest;
  readonly scripts: Scripts;
  readonly offline: Offline;
}

/** One script, piece by piece. */
async function writeScript(
  writer: Writer,
  plans: readonly TargetPlan[],
  write: (text: string) => void,
): Promise<void> {
  const { context, request, scripts, offline } = writer;
  const { fleet } = context.config;
  const by = `drizzle-fleet ${packageVersion()}`;
  const databases = [...new Set(plans.map(({ target }) => target.database))];
  const psql = new PsqlScript([
    `${by}: ${offline.verb}, ${counted(plans.length, "target")} of database ${databases.join()}`,
    'Run it with psql -X -v ON_ERROR_STOP=1 -o /dev/null -f <this file> "<URL>", straight to the server.',
    "It can be run again from its beginning: what is done is skipped.",
  ]);
  for (const service of new Set(plans.map(({ target }) => target.service))) {
    const schema = fleet.services[service]?.extensionSchema;
    if (schema !== undefined)
      await scriptExtensions(psql, schema, scripts.extensions.get(service) ?? []);
  }
  const timeouts = { ...fleet.timeouts, ...request.timeouts };
  for (const plan of plans) {
    await writeTarget(psql, plan, scripts.scriptOf, {
      timeouts,
      by: `${by} by psql script`,
      roleOf: ({ database }) => applicationRole(fleet, database, context.environment),
    });
    write(psql.take());
  }
  await psql.script(flush);
  write(psql.take());
}

function fileOf({ database, service, schema }: Target): string {
  return join(safe(database), safe(service), `${safe(schema)}.sql`);
}

/** A file name for any name, and never the same for two: also where case and composed letters do not count. */
function safe(name: string): string {
  const escaped = (byte: number) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  return name.replace(/[^a-z0-9_-]/gu, (character) =>
    [...Buffer.from(character)].map(escaped).join(""),
  );
}

async function alreadyThere(files: readonly string[]): Promise<FleetError[]> {
  const found = await Promise.all(
    files.map((file) =>
      stat(file).then(
        () => true,
        () => false,
      ),
    ),
  );
  return files
    .filter((_, index) => found[index])
    .map(
      (file) =>
        new FleetError("write", `${file} is there already`, {
          remedy: "Give --sql another folder, or remove the file. Nothing was written.",
        }),
    );
}

async function writeNew(file: string, pieces: readonly string[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, pieces, { flag: "wx" });
}
