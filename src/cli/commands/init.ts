import { relative } from "node:path";
import { Command } from "commander";
import type { FleetInput } from "../../config/schema.ts";
import type { Context } from "../../fleet/context.ts";
import type { RolledOut } from "../../fleet/roll-out.ts";
import type { ExistingProject, InitAnswers } from "../../operations/init.ts";
import type { Initiation } from "../../report/init.ts";
import { addCommonOptions, type Finish, wasInterrupted } from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { footer } from "../help.ts";
import { printJson, printText } from "../output.ts";
import { askYes } from "../prompt.ts";
import { answersFor, type InitOptions, isSet, misuseOf, surroundings } from "./init-answers.ts";

export function initCommand(finish: Finish): Command {
  return addCommonOptions(new Command("init"))
    .description("make a fleet of a project that uses drizzle-kit alone")
    .option("--service <name>", "the service's name (default: that of package.json)")
    .option("--tenant-schema <pattern>", "the tenant schemas' name, such as app_{tenant}")
    .option("--single-schema <name>", "instead: the one schema, such as public")
    .option("--tenants <ids>", "separated by commas (default: those that are there)")
    .option("--url-variable <name>", "variable with the connection URL", "DATABASE_URL")
    .option("--drizzle-table <name>", "the table of applied migrations, see stamp --help")
    .option("--drizzle-schema <name>", "where to look for it after the tenant schema")
    .option("--no-stamp", "do not record what that table says")
    .option("-y, --yes", "do not ask")
    .addHelpText(
      "after",
      footer(`
Writes drizzle.config.ts anew, keeps the old one as drizzle.config.before-fleet.ts,
adds to .gitattributes that migrations have LF, and does what stamp --from-drizzle does.
Schema, migrations and tables stay as they are.`),
    )
    .action(async (options: InitOptions, command: Command) => {
      const misuse = misuseOf(options);
      if (misuse !== undefined) command.error(`error: ${misuse}`);
      const { fleetFor, readProject, writeFleet } = await import("../../operations/init.ts");
      const { initText } = await import("../../report/init.ts");
      const { configOption } = await import("../../config/find.ts");
      const project = withSource(await readProject(options.config), options);
      const answers = await answersFor(project, options);
      const fleet = fleetFor(project, answers);
      const context = await surroundings(project, fleet);
      const why = reasonNotToStamp(options, context);
      if (why === undefined) await rehearse(context, project);
      const init = initiationOf(project, answers);
      if (options.yes !== true && !(await confirm(init, fleet, why === undefined))) {
        if (options.json === true) printJson({ written: false });
        else await printText("Nothing was written.");
        return finish(exitCode.done);
      }
      await writeFleet(project, fleet);
      const flag = configOption(project.written)
        .map((word) => ` ${word}`)
        .join("");
      const stamped = why === undefined ? await record(context, project, options) : undefined;
      const later =
        why === undefined
          ? undefined
          : { command: await stampCommandLine(project, options, flag), why };
      if (options.json === true)
        printJson({
          written: true,
          ...init,
          stamped: await summaryOf(stamped),
          stamp: later?.command ?? null,
        });
      else
        await printText(
          [...(await stampText(stamped, project)), initText(init, flag, later)].join("\n"),
        );
      finish(await exitCodeFor(stamped));
    });
}

async function confirm(init: Initiation, fleet: FleetInput, stamp: boolean): Promise<boolean> {
  const { fleetConfigText } = await import("../../config/render.ts");
  const { intentionText } = await import("../../report/init.ts");
  await printText(intentionText(init, fleetConfigText(fleet, init.file)), process.stderr);
  return askYes(stamp ? "Write it, and record what drizzle-orm has applied?" : "Write it?");
}

function reasonNotToStamp(
  { stamp, urlVariable }: InitOptions,
  context: Context,
): string | undefined {
  if (!stamp) return "--no-stamp said so";
  return isSet(context, urlVariable) ? undefined : `${urlVariable} is not set`;
}

function requestFor({ source }: ExistingProject) {
  return { services: [], tenants: [], databases: [], goal: { drizzle: source } };
}

/** A database that cannot be read is to be known before anything is written. */
async function rehearse(context: Context, project: ExistingProject): Promise<void> {
  const { planStamp } = await import("../../operations/stamp.ts");
  await planStamp(context, requestFor(project));
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

function initiationOf(
  { config, kept, written }: ExistingProject,
  { service, schema, tenants }: InitAnswers,
): Initiation {
  const shown = (path: string) => relative(process.cwd(), path);
  const { left } = config;
  return { file: shown(written), kept: shown(kept), service, schema, tenants, left };
}

/** The options say where the table is, else the old configuration. */
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

/** The command that takes over what is there, ready to copy. */
async function stampCommandLine(
  { source }: ExistingProject,
  { urlVariable, stamp }: InitOptions,
  flag: string,
): Promise<string> {
  const { importCommand } = await import("../../fleet/import-drizzle.ts");
  const variable = stamp ? `${urlVariable}=postgresql://... ` : "";
  return `${variable}npx ${importCommand(source)}${flag}`;
}

async function stampText(
  stamped: RolledOut | undefined,
  { source }: ExistingProject,
): Promise<string[]> {
  if (stamped === undefined) return [];
  const { migrateText } = await import("../../report/migrate.ts");
  const { stampWording } = await import("./stamp.ts");
  const { importCommand } = await import("../../fleet/import-drizzle.ts");
  const again = importCommand(source);
  return [migrateText({ ...stamped, again }, stampWording), ""];
}

async function summaryOf(stamped: RolledOut | undefined): Promise<unknown> {
  const { summaryDocument } = await import("../../report/migrate.ts");
  return stamped === undefined ? null : summaryDocument(stamped);
}

async function exitCodeFor(stamped: RolledOut | undefined): Promise<number> {
  const { isDone } = await import("../../report/migrate.ts");
  if (wasInterrupted()) return exitCode.interrupted;
  return stamped === undefined || isDone(stamped) ? exitCode.done : exitCode.failed;
}
