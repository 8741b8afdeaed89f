import { applicationRole } from "../config/environment.ts";
import { counted } from "../core/count.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import type { LedgerState } from "../core/ledger.ts";
import { type Plan, type TargetPlan, targetsOf } from "../core/plan.ts";
import { type Target, targetName } from "../core/target.ts";
import type { ContractFacts } from "../plan/contracts.ts";
import { type History, historyOf } from "../plan/history.ts";
import { type Planner, planTargets } from "../plan/targets.ts";
import { editedPart } from "../rollout/step.ts";
import { loadParser } from "../sql/parser.ts";
import type { Context } from "./context.ts";
import { databasesOf } from "./databases.ts";
import { type SelectedFleet, withSelected } from "./open-fleet.ts";
import { type Planning, refuseUnknownTag, withPlan } from "./planning.ts";
import { type PsqlOptions, refuseExisting, writePsqlFiles, writeScript } from "./psql-files.ts";
import type { RolloutRequest } from "./rollout-request.ts";
import type { Scripts } from "./scripts.ts";

/** Which scripts to write instead of changing the databases, and where. */
export interface Offline {
  /** The state that every target is assumed to be in: this migration is its newest, or `base`. Undefined: read it. */
  readonly from?: string;
  /** A folder for one file per target; undefined: one script for all targets goes to `write`. */
  readonly folder?: string;
  readonly write: (text: string) => void;
}

/** A verb whose plan is written as a script. */
export interface OfflineVerb {
  readonly name: "migrate" | "downgrade";
  readonly planOne: Planner;
  /** A migration that the request names: every selected service must have it. */
  readonly tag: string | undefined;
  readonly readScripts: (fleet: SelectedFleet, plan: Plan) => Promise<Scripts>;
}

/**
 * Writes what a verb would send to the databases, as scripts for psql. Changes nothing.
 *
 * @throws the errors of the verb, and a FleetError for targets that have a problem. Then nothing is written
 */
export function writeOffline(
  context: Context,
  request: RolloutRequest,
  verb: OfflineVerb,
  offline: Offline,
): Promise<void> {
  const { from, folder } = offline;
  const write = async (fleet: SelectedFleet, plan: Plan) => {
    if (folder === undefined) refuseSeveral(fleet.targets);
    refuseProblems(plan);
    const scripts = await verb.readScripts(fleet, plan);
    const timeouts = { ...context.config.fleet.timeouts, ...request.timeouts };
    await writePlan(fleet, plan, offline, { verb: verb.name, scripts, timeouts });
  };
  if (from !== undefined)
    return withSelected(context, request, (selected) =>
      write(selected, planAssumed(selected, verb, from)),
    );
  const { services, tenants, databases } = request;
  const planning: Planning = {
    // No waves: a script goes from target to target.
    request: { services, tenants, databases },
    ...{ planOne: verb.planOne, tag: verb.tag, purpose: "look" },
  };
  return withPlan(context, planning, ({ fleet, plan }) => write(fleet, plan));
}

function refuseProblems(plan: Plan): void {
  const problems = targetsOf(plan).flatMap(({ target, problems: own }) =>
    own.map(
      ({ message, remedy }) =>
        new FleetError("refused", `${targetName(target)}: ${message}`, { remedy }),
    ),
  );
  throwProblems(problems, "some targets have problems: no script was written");
}

/** Writes one script, or a file for each target. */
export async function writeScripts(
  context: Context,
  plans: readonly TargetPlan[],
  options: PsqlOptions,
  { folder, write }: Pick<Offline, "write"> & { readonly folder: string | undefined },
): Promise<void> {
  if (folder === undefined) return writeScript(context, plans, options, write);
  await refuseExisting(folder, plans);
  await writePsqlFiles(context, folder, plans, options);
}

/** A script runs in one database. */
export function refuseSeveral(targets: readonly Target[]): void {
  const names = databasesOf(targets);
  if (names.length < 2) return;
  throw new FleetError("usage", `one script cannot change ${names.length} databases`, {
    remedy: `Choose one with --database (${names.join(", ")}), or give --sql a folder for one script per target.`,
  });
}

/** Plans without reading the targets: the script itself finds out whether a schema or ledger is missing. */
function planAssumed(
  { targets, histories }: SelectedFleet,
  { planOne, tag }: OfflineVerb,
  from: string,
): Plan {
  refuseUnknownTag(tag, histories);
  if (from !== "base") refuseUnknownTag(from, histories);
  const stateOf = ({ service }: Target) => stateAt(histories.get(service) ?? historyOf([]), from);
  // Without the ledgers of the others, contracts up to the assumed state count as applied.
  const factsOf = ({ service }: Target): ContractFacts => ({
    inPlace: new Set(histories.get(service)?.contracts.map(({ tag }) => tag)),
  });
  const facts = from === "base" ? factsOf : undefined;
  const plans = planTargets(targets, histories, stateOf, planOne, facts).map(
    (plan): TargetPlan => (plan.create === "nothing" ? plan : { ...plan, create: "whatIsMissing" }),
  );
  return { waves: [{ name: "all", canary: false, targets: plans }] };
}

function stateAt({ migrations }: History, from: string): LedgerState {
  if (from === "base") return { kind: "noSchema" };
  const last = migrations.findIndex(({ tag }) => tag === from);
  const entries = migrations.slice(0, last + 1);
  return { kind: "ledger", entries: entries.map(({ tag, checksum }) => ({ tag, checksum })) };
}

/** Writes one script for all targets of a plan, or a file for each. */
async function writePlan(
  { context }: SelectedFleet,
  plan: Plan,
  { folder, write }: Offline,
  options: PsqlOptions,
): Promise<void> {
  const all = targetsOf(plan);
  const changed = all.filter(({ steps }) => steps.length > 0);
  refuseTenantRoles(context, changed);
  throwProblems(
    inBatches(changed, options.scripts),
    "some migrations run in batches: no script was written",
  );
  throwProblems(
    editedParts(changed, options.scripts),
    "some targets have problems: no script was written",
  );
  await loadParser();
  await writeScripts(context, changed, options, { folder, write });
  const where = folder === undefined ? "" : `, one file each in ${folder}`;
  const idle = all.length - changed.length;
  context.notify(
    `Wrote SQL for ${changed.length} of ${counted(all.length, "target")}${where}${idle > 0 ? "; the others have nothing to do" : ""}.`,
  );
}

/** psql has no loops, and a loop on the server could not commit each batch together with its entry in the ledger. */
function inBatches(plans: readonly TargetPlan[], { scriptOf }: Scripts): FleetError[] {
  const found = new Map<string, FleetError>();
  for (const { target, steps } of plans)
    for (const { tag } of steps) {
      const script = scriptOf(target.service, tag);
      const statement = script?.statements.find(({ batch }) => batch !== undefined);
      if (script === undefined || statement === undefined) continue;
      const where = `${script.migration.file}:${statement.line}`;
      const error = new FleetError(
        "refused",
        "a script for psql cannot run a statement in batches",
        {
          where,
          remedy: "Apply this migration with migrate. For the ones before it, use --to.",
        },
      );
      found.set(where, error);
    }
  return [...found.values()];
}

/** A tenant role must exist before its schema, and only the server knows its name. */
function refuseTenantRoles(
  { config: { fleet }, environment }: Context,
  plans: readonly TargetPlan[],
): void {
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
    `${targetName(first.target)} has no schema yet, and a script cannot create the tenant role that the schema needs`,
    {
      where: "roles",
      remedy:
        "No script was written. Create the schemas with migrate or tenants add, then write scripts for the later migrations.",
    },
  );
}

/** The applied part of a migration must be unchanged. All targets are checked before the first script is written. */
function editedParts(plans: readonly TargetPlan[], { scriptOf }: Scripts): FleetError[] {
  return plans.flatMap(({ target, steps }) =>
    steps.flatMap((step) => {
      const script = scriptOf(target.service, step.tag);
      const message = script && editedPart(step, script);
      if (message === undefined) return [];
      return new FleetError("edited", `${targetName(target)}: ${message}`, {
        remedy:
          "Restore that part of the file, then run the same command again. Only statements that are not applied yet can be changed.",
      });
    }),
  );
}
