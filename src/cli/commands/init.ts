import { relative } from "node:path";
import { Command } from "commander";
import type { FleetInput } from "../../config/schema.ts";
import { FleetError } from "../../core/errors.ts";
import type { Context } from "../../operations/context.ts";
import type { ExistingProject, InitAnswers } from "../../operations/init.ts";
import type { RolledOut } from "../../operations/roll-out.ts";
import type { Initiation } from "../../report/init.ts";
import {
  addCommonOptions,
  type CommonOptions,
  contextFor,
  type Finish,
  wasInterrupted,
} from "../context.ts";
import { exitCode } from "../exit-codes.ts";
import { printJson, printText } from "../output.ts";
import { askLine, askYes, canAsk } from "../prompt.ts";

interface InitOptions extends CommonOptions {
  readonly service?: string;
  readonly tenantSchema?: string;
  readonly singleSchema?: string;
  readonly tenants?: string;
  readonly urlVariable: string;
  readonly yes?: boolean;
  readonly stamp: boolean;
}

export function initCommand(finish: Finish): Command {
  return addCommonOptions(new Command("init"))
    .description("make a fleet of a project that uses drizzle-kit alone")
    .option("--service <name>", "the service's name (default: that of package.json)")
    .option("--tenant-schema <pattern>", "the tenant schemas' name, such as app_{tenant}")
    .option("--single-schema <name>", "instead: the one schema, such as public")
    .option("--tenants <ids>", "separated by commas (default: those that are there)")
    .option("--url-variable <name>", "variable with the connection URL", "DATABASE_URL")
    .option("--no-stamp", "do not record what drizzle-orm's migrator has applied")
    .option("-y, --yes", "do not ask")
    .addHelpText(
      "after",
      `
Writes drizzle.config.ts anew, keeps the old one as drizzle.config.before-fleet.ts, and
does what stamp --from-drizzle does. Schema, migrations and tables stay as they are.`,
    )
    .action(async (options: InitOptions, command: Command) => {
      const misuse = misuseOf(options);
      if (misuse !== undefined) command.error(`error: ${misuse}`);
      const { fleetFor, readProject, writeFleet } = await import("../../operations/init.ts");
      const { initText } = await import("../../report/init.ts");
      const project = await readProject(options.config);
      const answers = await answersFor(project, options);
      const fleet = fleetFor(project, answers);
      const context = await surroundings(project, fleet);
      const why = reasonNotToStamp(options, context);
      if (why === undefined) await rehearse(context, project);
      const init = initiationOf(project, answers);
      if (options.yes !== true && !(await confirm(init, fleet, why === undefined))) {
        await printText("Nothing was written.");
        return finish(exitCode.done);
      }
      await writeFleet(project, fleet);
      const stamped = why === undefined ? await record(context, project, options) : undefined;
      const later =
        why === undefined ? undefined : { command: stampCommandLine(project, options), why };
      if (options.json === true)
        printJson({ ...init, stamped: await summaryOf(stamped), stamp: later?.command ?? null });
      else await printText([...(await stampText(stamped)), initText(init, later)].join("\n"));
      finish(await exitCodeFor(stamped));
    });
}

function misuseOf({ tenantSchema, singleSchema, tenants }: InitOptions): string | undefined {
  if (tenantSchema !== undefined && singleSchema !== undefined)
    return "say --tenant-schema or --single-schema";
  if (tenantSchema !== undefined && tenantSchema.split("{tenant}").length !== 2)
    return "--tenant-schema must hold {tenant} once";
  if (singleSchema?.includes("{tenant}") === true)
    return "--single-schema is the name of one schema: say --tenant-schema";
  return singleSchema !== undefined && tenants !== undefined
    ? "a single schema has no tenants: leave --tenants out"
    : undefined;
}

async function answersFor(project: ExistingProject, options: InitOptions): Promise<InitAnswers> {
  const { isPattern } = await import("../../operations/init.ts");
  const { service = project.name, urlVariable, yes, tenantSchema, singleSchema } = options;
  const given = tenantSchema ?? singleSchema;
  if (!canAsk())
    refuseMissing([
      ...(given === undefined ? ["--tenant-schema <pattern> or --single-schema <name>"] : []),
      ...(yes === true ? [] : ["--yes"]),
    ]);
  const schema =
    given ??
    (await ask("The tenant schemas' name with {tenant} in it, or the one schema (public)? ")) ??
    "public";
  const known: InitAnswers = { service, schema, urlVariable, tenants: listOf(options.tenants) };
  if (!isPattern(schema) || options.tenants !== undefined) return known;
  return { ...known, tenants: await tenantsFor(project, known) };
}

/** The tenants that are there already; where nobody can look, or there are none, those that somebody names. */
async function tenantsFor(project: ExistingProject, answers: InitAnswers): Promise<string[]> {
  const { findTenants, fleetFor } = await import("../../operations/init.ts");
  const context = await surroundings(project, fleetFor(project, answers));
  const found = isSet(context, answers.urlVariable)
    ? await findTenants(context, project, answers.schema)
    : [];
  if (found.length > 0) return found;
  if (!canAsk()) refuseMissing(["--tenants <ids>"]);
  return listOf(await ask("No tenants were found. Their ids, separated by commas? "));
}

function refuseMissing(flags: readonly string[]): void {
  if (flags.length === 0) return;
  throw new FleetError("usage", "there is no terminal to ask on", {
    remedy: `Say it with ${flags.join(" and ")}. Nothing was written.`,
  });
}

/** Asks on the terminal; an empty answer is none. */
async function ask(question: string): Promise<string | undefined> {
  const answer = await askLine(question);
  if (answer === undefined)
    throw new FleetError("usage", "nobody answered", { remedy: "Nothing was written." });
  return answer === "" ? undefined : answer;
}

async function confirm(init: Initiation, fleet: FleetInput, stamp: boolean): Promise<boolean> {
  const { fleetConfigText } = await import("../../config/render.ts");
  const { intentionText } = await import("../../report/init.ts");
  await printText(intentionText(init, fleetConfigText(fleet)), process.stderr);
  return askYes(stamp ? "Write it, and record what drizzle-orm has applied?" : "Write it?");
}

function listOf(text = ""): string[] {
  return [...new Set(text.split(/[\s,]+/).filter((id) => id !== ""))];
}

async function surroundings({ config }: ExistingProject, fleet: FleetInput): Promise<Context> {
  const { parseFleet } = await import("../../config/schema.ts");
  const { root, file } = config;
  const context = contextFor({ fleet: parseFleet(fleet), root, file });
  // The tenants are those of the new configuration, whoever else is meant in this shell.
  return { ...context, environment: { ...context.environment, TENANTS: undefined } };
}

function isSet({ environment }: Context, variable: string): boolean {
  return (environment[variable] ?? "").trim() !== "";
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
  const { planStamping } = await import("../../operations/stamp.ts");
  await planStamping(context, requestFor(project));
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

function initiationOf({ config, kept }: ExistingProject, answers: InitAnswers): Initiation {
  const { service, schema, tenants } = answers;
  const { shown: file, left } = config;
  return { file, kept: relative(process.cwd(), kept), service, schema, tenants, left };
}

function stampCommandLine(
  { source }: ExistingProject,
  { urlVariable, stamp }: InitOptions,
): string {
  const named = [
    ...(source.table === "__drizzle_migrations" ? [] : [`--drizzle-table ${source.table}`]),
    ...(source.schema === "drizzle" ? [] : [`--drizzle-schema ${source.schema}`]),
  ];
  const variable = stamp ? `${urlVariable}=postgresql://... ` : "";
  return [`${variable}npx drizzle-fleet stamp --from-drizzle`, ...named].join(" ");
}

async function stampText(stamped: RolledOut | undefined): Promise<string[]> {
  if (stamped === undefined) return [];
  const { migrateText } = await import("../../report/migrate.ts");
  const { stampWording } = await import("./stamp.ts");
  return [migrateText(stamped, process.stdout, stampWording("--from-drizzle")), ""];
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
