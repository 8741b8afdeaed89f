import { relative } from "node:path";
import type { Command } from "commander";
import type { FleetInput } from "../../config/schema.ts";
import type { Context } from "../../fleet/context.ts";
import type { RolledOut } from "../../fleet/roll-out.ts";
import type { ExistingProject, InitAnswers } from "../../operations/init.ts";
import type { InitChanges } from "../../report/init.ts";
import { type ExitCode, exitCode } from "../exit-codes.ts";
import { groups, type VerbHelp } from "../help/sections.ts";
import { addCommonOptions } from "../options/common.ts";
import { printJson, printResult, printText } from "../output.ts";
import { askYes } from "../prompt.ts";
import { rolloutExitCode } from "../rollout.ts";
import { newVerb, type Verb } from "../verb.ts";
import { answersFor, contextBefore, type InitOptions, isSet, misuseOf } from "./init-answers.ts";
import { ciOption, writePipeline } from "./init-ci.ts";
import { runInitDocker } from "./init-docker.ts";
import { stampWording } from "./stamp.ts";

const help: VerbHelp = {
  summary: "turn a project that uses drizzle-kit into a fleet",
  details: `
init replaces drizzle.config.ts, keeps the old file as drizzle.config.before-fleet.ts, adds line-ending rules for
migrations to .gitattributes, and records what drizzle-orm has applied, as stamp --from-drizzle does. It does not change
the Drizzle schema, the migrations or the tables.

In a project that is already a fleet, init --docker writes a Dockerfile and a .dockerignore for its migrations, and
init --ci writes a pipeline that runs check. Both change nothing else.`,
  examples: [
    ["answer questions on a terminal", "npx drizzle-fleet init"],
    ["use a schema per tenant", "npx drizzle-fleet init --tenant-schema 'app_{tenant}'"],
    [
      "use one schema, and answer no questions",
      "npx drizzle-fleet init --yes --single-schema public --url-variable POSTGRES_URL",
    ],
    ["build a container image of the migrations", "npx drizzle-fleet init --docker"],
    ["check every pull request on GitHub", "npx drizzle-fleet init --ci github"],
  ],
  exitCodes: {
    0: "done, or you declined",
    1: "a target failed, or the database is unreachable",
    2: "invalid usage or configuration; nothing was written",
    130: true,
  },
  page: "existing-projects.md",
};

export function initVerb(): Verb {
  const command = newVerb("init", help);
  command
    .optionsGroup(groups.options)
    .option("--service <service>", "name of the service (default: from package.json)")
    .option("--tenant-schema <pattern>", "names of the tenant schemas, such as app_{tenant}")
    .option(
      "--single-schema <schema>",
      "the one schema of a project without tenants, such as public",
    )
    .option(
      "--tenants <tenants>",
      "tenant ids separated by commas (default: found in the database)",
    )
    .option("--url-variable <variable>", "variable with the connection URL", "DATABASE_URL")
    .option("-y, --yes", "do not ask for confirmation")
    .addOption(ciOption())
    .optionsGroup("drizzle-orm:")
    .option(
      "--drizzle-table <table>",
      "its table of applied migrations (default: __drizzle_migrations)",
    )
    .option(
      "--drizzle-schema <schema>",
      "schema of that table if the tenant schema has none (default: drizzle)",
    )
    .option("--no-stamp", "do not record what drizzle-orm has applied")
    .optionsGroup("Deployment:")
    .option("--docker", "write a Dockerfile and a .dockerignore");
  return { command: addCommonOptions(command), run: runInit };
}

async function runInit(options: InitOptions, command: Command): Promise<ExitCode> {
  if (options.docker === true) return runInitDocker(options, command);
  if (options.ci !== undefined) return writePipeline(options.ci, options);
  const misuse = misuseOf(options);
  if (misuse !== undefined) command.error(`error: ${misuse}`);
  const { fleetFor, readProject, writeFleet } = await import("../../operations/init.ts");
  const project = withSource(await readProject(options.config), options);
  const answers = await answersFor(project, options);
  const fleet = fleetFor(project, answers);
  const context = await contextBefore(project, fleet);
  const unstamped = reasonNotToStamp(options, context) ?? (await rehearse(context, project));
  const init = initChangesOf(project, answers);
  if (options.yes !== true && !(await confirm(init, fleet, unstamped === undefined))) {
    await printResult(options, { written: false }, "Nothing was written.");
    return exitCode.done;
  }
  await writeFleet(project, fleet);
  if (unstamped === undefined) {
    const stamped = await record(context, project, options);
    await print(project, init, options, { stamped });
    return rolloutExitCode(stamped);
  }
  const later = { command: await stampCommand(project, options), why: unstamped };
  await print(project, init, options, { later });
  return exitCode.done;
}

async function confirm(init: InitChanges, fleet: FleetInput, stamp: boolean): Promise<boolean> {
  const { fleetConfigText } = await import("../../config/render.ts");
  const { previewText } = await import("../../report/init.ts");
  await printText(previewText(init, fleetConfigText(fleet, init.file)), process.stderr);
  return askYes(stamp ? "Write it, and record what drizzle-orm has applied?" : "Write it?");
}

function reasonNotToStamp(
  { stamp, urlVariable }: InitOptions,
  context: Context,
): string | undefined {
  if (!stamp) return "of --no-stamp";
  return isSet(context, urlVariable) ? undefined : `${urlVariable} is not set`;
}

function requestFor({ source }: ExistingProject) {
  return { services: [], tenants: [], databases: [], goal: { drizzle: source } };
}

/**
 * Finds out before anything is written whether the database can be read.
 *
 * @returns why there is nothing to record, if there is nothing
 */
async function rehearse(context: Context, project: ExistingProject): Promise<string | undefined> {
  const { planStamp } = await import("../../operations/stamp.ts");
  const { targetsOf } = await import("../../core/plan.ts");
  const targets = targetsOf(await planStamp(context, requestFor(project)));
  const isNew = targets.every(({ problems }) => problems[0]?.kind === "noSchema");
  return isNew ? "no tenant schema exists yet" : undefined;
}

async function record(
  context: Context,
  project: ExistingProject,
  { json }: InitOptions,
): Promise<RolledOut> {
  const { stamp } = await import("../../operations/stamp.ts");
  const { showProgress } = await import("../../report/progress.ts");
  const observer = json === true ? () => undefined : showProgress(process.stderr);
  return stamp(context, requestFor(project), async () => true, observer);
}

function initChangesOf(
  { config, kept, written }: ExistingProject,
  { service, schema, tenants }: InitAnswers,
): InitChanges {
  const shown = (path: string) => relative(process.cwd(), path);
  const { left } = config;
  return { file: shown(written), kept: shown(kept), service, schema, tenants, left };
}

/** Where drizzle-orm's table is: as the options say, or else as the old configuration does. */
function withSource(
  project: ExistingProject,
  { drizzleTable: table, drizzleSchema: schema }: InitOptions,
): ExistingProject {
  const source = {
    ...project.source,
    ...(table === undefined ? {} : { table }),
    ...(schema === undefined ? {} : { schema }),
  };
  return { ...project, source };
}

/** The --config that commands need after init, with a space before it; empty if they find the file without it. */
async function configFlag({ written }: ExistingProject): Promise<string> {
  const { configOption } = await import("../../config/find.ts");
  return configOption(written)
    .map((word) => ` ${word}`)
    .join("");
}

/** The command that records later what drizzle-orm has applied. */
async function stampCommand(
  project: ExistingProject,
  { urlVariable, stamp }: InitOptions,
): Promise<string> {
  const { importCommand } = await import("../../fleet/import-drizzle.ts");
  const variable = stamp ? `${urlVariable}=postgresql://... ` : "";
  return `${variable}${importCommand(project.source)}${await configFlag(project)}`;
}

interface Recorded {
  readonly stamped?: RolledOut;
  readonly later?: { readonly command: string; readonly why: string };
}

async function print(
  project: ExistingProject,
  init: InitChanges,
  { json }: InitOptions,
  { stamped, later }: Recorded,
): Promise<void> {
  const { migrateText, summaryDocument } = await import("../../report/migrate.ts");
  const { initText } = await import("../../report/init.ts");
  if (json === true) {
    const summary = stamped === undefined ? null : summaryDocument(stamped);
    printJson({ written: true, ...init, stamped: summary, stamp: later?.command ?? null });
    return;
  }
  const { importCommand } = await import("../../fleet/import-drizzle.ts");
  const again = importCommand(project.source);
  const parts = stamped === undefined ? [] : [migrateText({ ...stamped, again }, stampWording), ""];
  await printText([...parts, initText(init, await configFlag(project), later)].join("\n"));
}
