import type { FleetInput } from "../../config/schema.ts";
import { FleetError } from "../../core/errors.ts";
import type { Context } from "../../fleet/context.ts";
import type { ExistingProject, InitAnswers } from "../../operations/init.ts";
import { type CommonOptions, contextFor } from "../context.ts";
import { askLine, canAsk } from "../prompt.ts";

/** Options of `init`. */
export interface InitOptions extends CommonOptions {
  readonly service?: string;
  readonly tenantSchema?: string;
  readonly singleSchema?: string;
  readonly tenants?: string;
  readonly urlVariable: string;
  readonly drizzleTable?: string;
  readonly drizzleSchema?: string;
  readonly yes?: boolean;
  readonly stamp: boolean;
}

/** Why the options of `init` contradict each other, if they do. */
export function misuseOf({ tenantSchema, singleSchema, tenants }: InitOptions): string | undefined {
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

/**
 * What the options say, the database shows, or somebody at the terminal answers.
 *
 * @throws FleetError `usage` without a terminal, naming the options that are missing
 */
export async function answersFor(
  project: ExistingProject,
  options: InitOptions,
): Promise<InitAnswers> {
  const { isPattern } = await import("../../operations/init.ts");
  const { service = project.name, urlVariable, yes, tenantSchema, singleSchema } = options;
  const given = tenantSchema ?? singleSchema;
  const ownSchema = project.sourceSchema ?? "public";
  if (!canAsk())
    refuseMissing([
      ...(given === undefined ? ["--tenant-schema <pattern> or --single-schema <name>"] : []),
      ...(yes === true ? [] : ["--yes"]),
    ]);
  const schema =
    given ??
    (await ask(
      `The tenant schemas' name with {tenant} in it, or the one schema (${ownSchema})? `,
    )) ??
    ownSchema;
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
  return answer === "" ? undefined : answer;
}

function listOf(text = ""): string[] {
  return [...new Set(text.split(/[\s,]+/).filter((id) => id !== ""))];
}

/** What an operation needs, before the configuration is written. */
export async function surroundings(
  { config: { root }, written: file }: ExistingProject,
  fleet: FleetInput,
): Promise<Context> {
  const { parseFleet } = await import("../../config/schema.ts");
  const context = contextFor({ fleet: parseFleet(fleet), root, file });
  // The tenants are those of the new configuration, whoever else is meant in this shell.
  return { ...context, environment: { ...context.environment, TENANTS: undefined } };
}

/** True when an environment variable holds something. */
export function isSet({ environment }: Context, variable: string): boolean {
  return (environment[variable] ?? "").trim() !== "";
}
