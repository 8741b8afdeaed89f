import { z } from "zod";
import type { Amount } from "../core/amount.ts";
import { tlsModes } from "../core/database.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import type { Attribute, PasswordFunction, TenantFunction } from "./input.ts";
import { longestDuration, parseAmount, parseDuration } from "./quantities.ts";

export type { Attribute, EnvironmentReference, FleetInput } from "./input.ts";

const environmentReference = z.strictObject({ environmentVariable: z.string().min(1) });

/** Where drizzle-fleet keeps what belongs to no tenant, in each database. */
export const controlSchema = "drizzle_fleet";

const nonEmpty = z.string().min(1, "must not be empty");

/** Quotes, backslashes and dollars would have a meaning in the literals and bodies that a schema's name is put into. */
const schemaName = nonEmpty
  .regex(/^[^'"\\$\p{C}]+$/u, "must hold no quotes, backslashes or dollars")
  .refine(
    (name) => name !== controlSchema,
    `is reserved: drizzle-fleet keeps its own tables in it`,
  );

/** As people write a variable where only its name would do, in JSON above all. */
const variableText =
  /^(?:\$\{?(\w+)\}?|env\(["']?(\w+)["']?\)|env:(\w+)|process\.env\.(\w+)|%(\w+)%)$/;

const connectionUrl = z.union(
  [
    environmentReference,
    nonEmpty.superRefine((text, context) => {
      const name = variableText.exec(text.trim())?.slice(1).find(Boolean);
      if (name === undefined) return;
      const message = `is no connection URL: for a variable write env("${name}"), in JSON { "environmentVariable": "${name}" }`;
      context.addIssue({ code: "custom", message });
    }),
  ],
  {
    error: ({ input }) =>
      typeof input === "string"
        ? undefined
        : 'must be env("VARIABLE"), in JSON { "environmentVariable": "VARIABLE" }, or a connection URL',
  },
);

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

/** A list of tenants: that of the configuration, or what a query or a function gives. */
export const tenantList = z.array(tenant).superRefine((value, context) => {
  const seen = new Set<string>();
  for (const [index, { id }] of value.entries()) {
    if (seen.has(id))
      context.addIssue({ code: "custom", path: [index], message: `"${id}" is listed twice` });
    seen.add(id);
  }
});

/** Where the tenants come from. Without it: from the registry in the control schema. */
const tenantSource = z.union(
  [
    tenantList,
    /** The first column is the id, or the one of that name; the others are attributes. */
    z.strictObject({ query: nonEmpty, database: nonEmpty }),
    /** Every schema that fits the service's tenantSchema and has a ledger is a tenant's. */
    z.strictObject({ discover: nonEmpty }),
    z.custom<TenantFunction>((value) => typeof value === "function"),
  ],
  { error: "must be a list of tenants, { query, database }, { discover: service }, or a function" },
);

/** What drizzle-kit 0.31 can begin the names of migrations with. */
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
  })
  .refine((value) => (value.tenantSchema === undefined) !== (value.singleSchema === undefined), {
    message: "needs either tenantSchema or singleSchema",
  })
  .superRefine(({ sourceSchema, sharedSchemas, extensionSchema }, context) => {
    const issue = (message: string) =>
      context.addIssue({ code: "custom", path: ["sourceSchema"], message });
    // By default public may be both: the SQL means the target's, and the search_path has what is there.
    if (sourceSchema === undefined || sourceSchema === "public") return;
    for (const name of [sourceSchema].flat()) {
      if (sharedSchemas.includes(name))
        issue(`"${name}" is under sharedSchemas: it is each tenant's own or shared, not both`);
      if (name === extensionSchema)
        issue(`"${name}" is the extensionSchema: it is each tenant's own or shared, not both`);
      if (name === "information_schema" || name.startsWith("pg_"))
        issue(`"${name}" is PostgreSQL's own`);
      if (name.includes("{tenant}"))
        issue("must be a schema name as in the SQL; the pattern with {tenant} is tenantSchema");
    }
  });

const milliseconds = z.int().min(0).max(longestDuration);

/** `"30s"`, or a number of milliseconds. */
const duration = z.union([milliseconds, z.string()]).transform((value, context): number => {
  const parsed = typeof value === "number" ? value : parseDuration(value);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: "custom", message: 'must be a duration such as "30s" or "5m"' });
  return z.NEVER;
});

/** `5` or `"1%"`; a configuration that was checked already has it parsed. */
const amount = z
  .union([
    z.int().min(0),
    z.string(),
    z.strictObject({ count: z.int() }),
    z.strictObject({ percent: z.number() }),
  ])
  .transform((value, context): Amount => {
    const parsed = typeof value === "object" ? value : parseAmount(String(value));
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: 'must be a number or a share such as "10%"' });
    return z.NEVER;
  });

/** How a fleet is rolled out unless the command line says otherwise. The options of `migrate` have the same names. */
const rollout = z.strictObject({
  /** Tenants, groups or a number of tenants that go first. */
  canary: z
    .union([z.int().min(1), nonEmpty])
    .transform(String)
    .optional(),
  /** The size of the waves that follow, or groups in their order. */
  wave: z
    .union([z.int().min(1), nonEmpty])
    .transform(String)
    .optional(),
  /** How long to wait between two waves. */
  soak: duration.default(0),
  /** A shell command to run after each wave; it gets the outcomes as JSON, and ends the rollout when it fails. */
  verify: nonEmpty.optional(),
  onError: z.enum(["continue", "stop"]).default("continue"),
  /** More failed targets than this end the rollout. */
  maxFailures: amount.optional(),
});

/** `FleetInput` says what each key means; a type test keeps the two alike. */
export const fleetSchema = z
  .strictObject({
    databases: z.record(nonEmpty, database),
    services: z.record(nonEmpty, service),
    tenants: tenantSource.optional(),
    registry: nonEmpty.optional(),
    groups: z
      .record(nonEmpty, z.record(nonEmpty, z.union([attribute, z.array(attribute)])))
      .default({}),
    roles: z.enum(["shared", "per-tenant"]).default("shared"),
    concurrency: z.int().min(1).max(1_000).default(4),
    connectTimeout: duration.default(30_000),
    rollout: rollout.prefault({}),
    allowOutOfOrder: z.boolean().default(false),
    retry: z
      .strictObject({
        attempts: z.int().min(1).max(100).default(10),
        minDelay: duration.default(50),
        maxDelay: duration.default(5_000),
      })
      .prefault({}),
    timeouts: z
      .strictObject({
        lock: duration.default(2_000),
        statement: duration.default(15 * 60_000),
        idleInTransaction: duration.default(60_000),
        concurrently: duration.default(60 * 60_000),
      })
      .prefault({}),
    proofDatabase: connectionUrl.optional(),
    embedded: z
      .strictObject({
        folder: nonEmpty.default(".drizzle-fleet"),
        port: z.int().min(1).max(65_535).default(54_329),
      })
      .prefault({}),
  })
  .superRefine((value, context) => {
    for (const [name, entry] of Object.entries(value.services)) {
      if (Object.hasOwn(value.databases, entry.database)) continue;
      context.addIssue({
        code: "custom",
        path: ["services", name, "database"],
        message: `is not one of the databases: ${Object.keys(value.databases).join(", ") || "none is defined"}`,
      });
    }
    if (Object.keys(value.services).length === 0) {
      context.addIssue({
        code: "custom",
        path: ["services"],
        message: "needs at least one service",
      });
    }
    const { tenants, registry } = value;
    const named = [
      ...(registry === undefined ? [] : [{ path: ["registry"], name: registry }]),
      ...(Array.isArray(tenants) ? tenants : []).flatMap(({ database: name }, index) =>
        name === undefined ? [] : [{ path: ["tenants", index, "database"], name }],
      ),
      ...(typeof tenants === "object" && "query" in tenants
        ? [{ path: ["tenants", "database"], name: tenants.database }]
        : []),
    ];
    for (const { path, name } of named) {
      if (Object.hasOwn(value.databases, name)) continue;
      context.addIssue({ code: "custom", path, message: `"${name}" is not one of the databases` });
    }
    if (typeof tenants === "object" && "discover" in tenants) {
      if (value.services[tenants.discover]?.tenantSchema === undefined)
        context.addIssue({
          code: "custom",
          path: ["tenants", "discover"],
          message: `"${tenants.discover}" is no service with a tenantSchema`,
        });
    }
  });

/** A tenant, as a source of tenants names it. */
export interface Tenant {
  readonly id: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** The database that holds all that is the tenant's, where that is not its services'. */
  readonly database?: string | undefined;
}

/** The checked configuration, with every default filled in. */
export type FleetConfig = z.output<typeof fleetSchema>;

export type ServiceConfig = FleetConfig["services"][string];
export type Timeouts = FleetConfig["timeouts"];

/**
 * By which names a service's SQL calls the schema of its target; the first is the one that is written. Where the
 * configuration names a sourceSchema, `public` is a schema like any other. A service with one schema may say its name.
 */
export function sourceSchemasOf({
  sourceSchema = "public",
  singleSchema,
}: Pick<ServiceConfig, "sourceSchema" | "singleSchema">): string[] {
  return [...new Set([sourceSchema, singleSchema ?? []].flat())];
}

/**
 * Checks a configuration.
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
