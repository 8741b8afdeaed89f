import type { FleetInput } from "../../config/schema.ts";
import { FleetError } from "../../core/errors.ts";
import type { Context } from "../../fleet/context.ts";
import type { ExistingProject, InitAnswers } from "../../operations/init.ts";
import type { CiProvider } from "../../operations/init-ci.ts";
import { contextFor } from "../context.ts";
import type { CommonOptions } from "../options/common.ts";
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
  readonly docker?: boolean;
  readonly ci?: CiProvider;
}

/** How the options of `init` contradict each other, if they do. */
export function misuseOf({ tenantSchema, singleSchema, tenants }: InitOptions): string | undefined {
  if (tenantSchema !== undefined && singleSchema !== undefined)
    return "--tenant-schema and --single-schema cannot be used together";
  if (tenantSchema !== undefined && tenantSchema.split("{tenant}").length !== 2)
    return "--tenant-schema must contain {tenant} once";
  if (singleSchema?.includes("{tenant}") === true)
    return "--single-schema is the name of one schema; for a pattern use --tenant-schema";
  return singleSchema !== undefined && tenants !== undefined
    ? "--tenants requires --tenant-schema: a single schema has no tenants"
    : undefined;
}

/**
 * Collects what drizzle-kit's configuration does not contain: from the options, from the database, or by asking.
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
      ...(given === undefined ? ["--tenant-schema <pattern> or --single-schema <schema>"] : []),
      ...(yes === true ? [] : ["--yes"]),
    ]);
  const schema =
    given ??
    (await ask(
      `Pattern for tenant schemas, with {tenant} in it, or the name of a single schema (${ownSchema})? `,
    )) ??
    ownSchema;
  const known: InitAnswers = { service, schema, urlVariable, tenants: listOf(options.tenants) };
  if (!isPattern(schema) || options.tenants !== undefined) return known;
  return { ...known, tenants: await tenantsFor(project, known) };
}

/** The tenants that the database already has. If it has none or has no URL yet, asks for them. */
async function tenantsFor(project: ExistingProject, answers: InitAnswers): Promise<string[]> {
  const { findTenants, fleetFor } = await import("../../operations/init.ts");
  const context = await contextBefore(project, fleetFor(project, answers));
  const found = isSet(context, answers.urlVariable)
    ? await findTenants(context, project, answers.schema)
    : [];
  if (found.length > 0) return found;
  if (!canAsk()) refuseMissing(["--tenants <tenants>"]);
  return listOf(await ask("No tenants were found. Tenant ids, separated by commas? "));
}

function refuseMissing(flags: readonly string[]): void {
  if (flags.length === 0) return;
  throw new FleetError("usage", "init needs answers, but there is no terminal", {
    remedy: `Nothing was written. Run the same command with ${flags.join(", and ")}.`,
  });
}

/** Asks on the terminal; an empty answer is undefined. */
async function ask(question: string): Promise<string | undefined> {
  const answer = await askLine(question);
  return answer === "" ? undefined : answer;
}

function listOf(text = ""): string[] {
  return [...new Set(text.split(/[\s,]+/).filter((id) => id !== ""))];
}

/** The context of an operation that runs before the configuration is written. */
export async function contextBefore(
  { config: { root }, written: file }: ExistingProject,
  fleet: FleetInput,
): Promise<Context> {
  const { parseFleet } = await import("../../config/schema.ts");
  const context = contextFor({ fleet: parseFleet(fleet), root, file });
  // TENANTS of this shell is for another configuration.
  return { ...context, environment: { ...context.environment, TENANTS: undefined } };
}

/** True if an environment variable has a value. */
export function isSet({ environment }: Context, variable: string): boolean {
  return (environment[variable] ?? "").trim() !== "";
}
