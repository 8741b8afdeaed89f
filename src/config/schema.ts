import { z } from "zod";
import { tlsModes } from "../core/database.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import {
  amountField,
  connectionUrl,
  durationField,
  environmentReference,
  nonEmpty,
  schemaName,
  waitField,
} from "./fields.ts";
import type { Attribute, PasswordFunction, TenantFunction } from "./input.ts";
import { lintField } from "./lint-field.ts";

export type { Attribute, EnvironmentReference, FleetInput } from "./input.ts";

const database = z
  .strictObject({
    url: connectionUrl.optional(),
    directUrl: connectionUrl.optional(),
    applicationUrl: connectionUrl.optional(),
    name: nonEmpty.optional(),
    tls: z.strictObject({ mode: z.enum(tlsModes).optional(), ca: nonEmpty.optional() }).optional(),
    password: z
      .union(
        [environmentReference, z.custom<PasswordFunction>((value) => typeof value === "function")],
        {
          error: 'must be a function or env("VARIABLE")',
        },
      )
      .optional(),
    passwordCommand: nonEmpty.optional(),
    passwordFile: nonEmpty.optional(),
  })
  .refine(
    ({ password, passwordCommand, passwordFile }) =>
      [password, passwordCommand, passwordFile].filter((one) => one !== undefined).length <= 1,
    { message: "has more than one of password, passwordCommand and passwordFile" },
  );

const attribute = z.union([z.string(), z.number(), z.boolean()]);

const tenant = z.union(
  [
    nonEmpty.transform((id): Tenant => ({ id, attributes: {} })),
    z.strictObject({
      id: nonEmpty,
      attributes: z.record(nonEmpty, attribute).default({}),
      database: nonEmpty.optional(),
    }),
  ],
  { error: "must be a tenant's id, or { id, attributes, database }" },
);

/** A list of tenants: in the configuration, or the result of a query or a function. */
export const tenantList = z.array(tenant).superRefine((value, context) => {
  const seen = new Set<string>();
  for (const [index, { id }] of value.entries()) {
    if (seen.has(id))
      context.addIssue({ code: "custom", path: [index], message: `"${id}" is listed twice` });
    seen.add(id);
  }
});

/** The source of tenants. Without it: the registry in the control schema. */
const tenantSource = z.union(
  [
    tenantList,
    /** The column `id`, else the first one, is the id. The other columns are attributes. */
    z.strictObject({ query: nonEmpty, database: nonEmpty }),
    /** Every schema that matches the service's tenantSchema and contains a ledger. */
    z.strictObject({ discover: nonEmpty }),
    z.custom<TenantFunction>((value) => typeof value === "function"),
  ],
  { error: "must be a list of tenants, { query, database }, { discover: service }, or a function" },
);

/** The prefixes of tags that drizzle-kit 0.31 supports. */
export const prefixes = ["index", "unix", "timestamp", "supabase", "none"] as const;

export type Prefix = (typeof prefixes)[number];

const service = z
  .strictObject({
    schema: z.union([nonEmpty, z.array(nonEmpty).min(1)]),
    out: nonEmpty,
    database: nonEmpty,
    tenantSchema: schemaName
      .refine(
        (pattern) => pattern.split("{tenant}").length === 2,
        "must contain {tenant} exactly once",
      )
      .optional(),
    singleSchema: schemaName.optional(),
    sourceSchema: z
      .union([schemaName, z.array(schemaName).min(1, "must name a schema")])
      .optional(),
    sharedSchemas: z.array(schemaName).default([]),
    extensionSchema: schemaName.optional(),
    acceptUnproved: z.array(nonEmpty).default([]),
    seed: nonEmpty.optional(),
    casing: z.enum(["snake_case", "camelCase"]).optional(),
    prefix: z.enum(prefixes).optional(),
    expandContract: z.strictObject({ after: waitField }).optional(),
    lint: lintField.prefault({}),
  })
  .refine((value) => (value.tenantSchema === undefined) !== (value.singleSchema === undefined), {
    message: "needs either tenantSchema or singleSchema",
  })
  .superRefine(({ sourceSchema, sharedSchemas, extensionSchema }, context) => {
    const issue = (message: string) =>
      context.addIssue({ code: "custom", path: ["sourceSchema"], message });
    // The default, public, can be both: in the SQL it means the target's schema, on the search_path the shared one.
    if (sourceSchema === undefined || sourceSchema === "public") return;
    for (const name of [sourceSchema].flat()) {
      if (sharedSchemas.includes(name))
        issue(`"${name}" is also in sharedSchemas: a schema is either the tenant's own or shared`);
      if (name === extensionSchema)
        issue(
          `"${name}" is also the extensionSchema: a schema is either the tenant's own or shared`,
        );
      if (name === "information_schema" || name.startsWith("pg_"))
        issue(`"${name}" is reserved by PostgreSQL`);
      if (name.includes("{tenant}"))
        issue("must be a schema name as in the SQL; set tenantSchema for a pattern with {tenant}");
    }
  });

/** How to roll out, unless an option of the same name on the command line of `migrate` overrides it. */
const rollout = z.strictObject({
  /** The tenants or groups to migrate first, or a number of tenants. */
  canary: z
    .union([z.int().min(1), nonEmpty])
    .transform(String)
    .optional(),
  /** The size of the following waves, or groups, in order. */
  wave: z
    .union([z.int().min(1), nonEmpty])
    .transform(String)
    .optional(),
  /** The pause between waves. */
  soak: durationField.default(0),
  /** A shell command to run after each wave. It gets the outcomes as JSON, and stops the rollout if it fails. */
  verify: nonEmpty.optional(),
  onError: z.enum(["continue", "stop"]).default("continue"),
  /** More failed targets than this stop the rollout. */
  maxFailures: amountField.optional(),
});

/** A difference between a tenant and its ledger that is not reported. */
const allowedDrift = z.strictObject({
  object: nonEmpty,
  service: nonEmpty.optional(),
  tenants: z.array(nonEmpty).min(1).optional(),
  reason: nonEmpty,
  until: z.iso.date('must be a day such as "2027-01-31"').optional(),
});

const fleetKeys = z.strictObject({
  databases: z.record(nonEmpty, database),
  services: z.record(nonEmpty, service),
  tenants: tenantSource.optional(),
  registry: nonEmpty.optional(),
  groups: z
    .record(nonEmpty, z.record(nonEmpty, z.union([attribute, z.array(attribute)])))
    .default({}),
  roles: z.enum(["shared", "per-tenant"]).default("shared"),
  concurrency: z.int().min(1).max(1_000).default(4),
  targetsPerConnection: z.int().min(1).max(16).default(4),
  connectTimeout: durationField.default(30_000),
  rollout: rollout.prefault({}),
  allowOutOfOrder: z.boolean().default(false),
  retry: z
    .strictObject({
      attempts: z.int().min(1).max(100).default(10),
      minDelay: durationField.default(50),
      maxDelay: durationField.default(5_000),
    })
    .prefault({}),
  timeouts: z
    .strictObject({
      lock: durationField.default(2_000),
      statement: durationField.default(15 * 60_000),
      idleInTransaction: durationField.default(60_000),
      concurrently: durationField.default(60 * 60_000),
    })
    .prefault({}),
  backfill: z
    .strictObject({
      pause: durationField.default(50),
      maxReplicaLag: durationField.default(0),
    })
    .prefault({}),
  proofDatabase: connectionUrl.optional(),
  drift: z.strictObject({ allow: z.array(allowedDrift).default([]) }).prefault({}),
  lint: lintField.prefault({}),
  embedded: z
    .strictObject({
      folder: nonEmpty.default(".drizzle-fleet"),
      port: z.int().min(1).max(65_535).default(54_329),
    })
    .prefault({}),
});

/** `FleetInput` documents each key. A type test checks that both have the same keys. */
export const fleetSchema = fleetKeys.superRefine((value, context) => {
  checkServices(value, context);
  checkTenants(value, context);
});

type FleetKeys = z.output<typeof fleetKeys>;

function checkServices({ services, databases }: FleetKeys, context: z.RefinementCtx): void {
  const issue = (path: string[], message: string) =>
    context.addIssue({ code: "custom", path: ["services", ...path], message });
  const known = Object.keys(databases).join(", ") || "none is defined";
  for (const [name, { database }] of Object.entries(services))
    if (!Object.hasOwn(databases, database))
      issue([name, "database"], `is not one of the databases: ${known}`);
  if (Object.keys(services).length === 0) issue([], "needs at least one service");
}

function checkTenants(value: FleetKeys, context: z.RefinementCtx): void {
  const { tenants, registry, databases, services } = value;
  const issue = (path: (string | number)[], message: string) =>
    context.addIssue({ code: "custom", path, message });
  const named = [
    ...(registry === undefined ? [] : [{ path: ["registry"], name: registry }]),
    ...(Array.isArray(tenants) ? tenants : []).flatMap(({ database: name }, index) =>
      name === undefined ? [] : [{ path: ["tenants", index, "database"], name }],
    ),
    ...(typeof tenants === "object" && "query" in tenants
      ? [{ path: ["tenants", "database"], name: tenants.database }]
      : []),
  ];
  for (const { path, name } of named)
    if (!Object.hasOwn(databases, name)) issue(path, `"${name}" is not one of the databases`);
  if (typeof tenants !== "object" || !("discover" in tenants)) return;
  if (services[tenants.discover]?.tenantSchema === undefined)
    issue(["tenants", "discover"], `"${tenants.discover}" is not a service with a tenantSchema`);
}

/** A tenant, as its source describes it. */
export interface Tenant {
  readonly id: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** The database with all of the tenant's schemas; undefined for that of each service. */
  readonly database?: string | undefined;
}

/**
 * A validated configuration, with defaults filled in: durations are milliseconds, amounts are parsed. Made by
 * `defineFleet` and `loadConfig`.
 *
 * @example
 *   const { fleet } = await loadConfig("drizzle.config.ts");
 *   fleet.timeouts.lock; // 2000
 */
export type FleetConfig = z.output<typeof fleetSchema>;

export type ServiceConfig = FleetConfig["services"][string];
export type LintConfig = FleetConfig["lint"];
export type Timeouts = FleetConfig["timeouts"];

/**
 * The names by which a service's SQL refers to its target's schema. The first one is used in generated SQL. If the
 * configuration sets sourceSchema, `public` is a schema like any other. A singleSchema can be named directly.
 */
export function sourceSchemasOf({
  sourceSchema = "public",
  singleSchema,
}: Pick<ServiceConfig, "sourceSchema" | "singleSchema">): string[] {
  return [...new Set([sourceSchema, singleSchema ?? []].flat())];
}

/**
 * Validates a configuration.
 *
 * @throws FleetError `config` that lists every problem with its path
 */
export function parseFleet(input: unknown): FleetConfig {
  const result = fleetSchema.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    (issue) => new FleetError("config", issue.message, { where: pathText(issue.path) }),
  );
  throwProblems(problems, `the configuration has ${problems.length} problems`);
  throw result.error;
}

function pathText(path: readonly PropertyKey[]): string {
  const text = path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("");
  return text.replace(/^\./, "") || "defineFleet";
}
