import { z } from "zod";
import type { Amount } from "../core/amount.ts";
import { type Login, tlsModes } from "../core/database.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import { longestTimer, parseAmount, parseDuration } from "./quantities.ts";

/** A connection URL taken from an environment variable when a verb needs the database, and never before. */
export interface EnvironmentReference {
  readonly environmentVariable: string;
}

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
    /** `env("NAME")`, or a connection URL. Without one, the standard variables say where the database is. */
    url: connectionUrl.optional(),
    /** The way around a connection pooler, for all that changes schemas; as `url`. */
    directUrl: connectionUrl.optional(),
    /** As whom and where applications connect; as `url`. Without one: as DB_USER_SERVER, at `url`. */
    applicationUrl: connectionUrl.optional(),
    /** The database's name on the server of the standard variables, where that is not DB_NAME_SERVER's. */
    name: nonEmpty.optional(),
    /** How connections are secured where the URL does not say so: libpq's sslmode and sslrootcert. */
    tls: z.strictObject({ mode: z.enum(tlsModes).optional(), ca: nonEmpty.optional() }).optional(),
    /**
     * Gives the password of each connection whose URL has none: a function, or `env("NAME")`, whose file is read again
     * each time. For passwords that change or expire, such as a cloud's tokens.
     */
    password: z
      .union(
        [environmentReference, z.custom<PasswordFunction>((value) => typeof value === "function")],
        {
          error: 'must be a function or env("VARIABLE")',
        },
      )
      .optional(),
    /** As `password`: a shell command that writes it. PGHOST, PGPORT, PGUSER and PGDATABASE say what for. */
    passwordCommand: nonEmpty.optional(),
    /** As `password`: a file that holds it. */
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
      /** The database that holds all that is the tenant's, where that is not its services'. */
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
    /** Folder, file or files of the service's Drizzle schema. */
    schema: z.union([nonEmpty, z.array(nonEmpty).min(1)]),
    /** Folder of the service's migrations. */
    out: nonEmpty,
    /** Name of an entry in `databases`. */
    database: nonEmpty,
    /** Name pattern of the tenant schemas; contains `{tenant}` once. */
    tenantSchema: schemaName
      .refine(
        (pattern) => pattern.split("{tenant}").length === 2,
        "must contain {tenant} exactly once",
      )
      .optional(),
    /** The one schema of a service that is not kept per tenant. */
    singleSchema: schemaName.optional(),
    /**
     * The schema that the service's SQL names where it means its target's, as drizzle-kit writes it for
     * `pgSchema("shop")`; `public` by default. Several become one: `["shop", "public"]`.
     */
    sourceSchema: z
      .union([schemaName, z.array(schemaName).min(1, "must name a schema")])
      .optional(),
    /** Schemas that migrations may refer to beside the tenant's own; they come after it on the search_path. */
    sharedSchemas: z.array(schemaName).default([]),
    /** The schema for extensions: CREATE EXTENSION in a migration runs once per database and puts them there. */
    extensionSchema: schemaName.optional(),
    /** Tags of migrations with parts that cannot be proved to stay in the tenant, and that somebody has read. */
    acceptUnproved: z.array(nonEmpty).default([]),
    /** A module with what every new tenant begins with: see `defineSeed`. */
    seed: nonEmpty.optional(),
    /** As drizzle-kit's `casing`. */
    casing: z.enum(["snake_case", "camelCase"]).optional(),
    /** As drizzle-kit's `migrations.prefix`, what tags begin with. Without it: what those of the folder begin with. */
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

const milliseconds = z.int().min(0).max(longestTimer);

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

const fleet = z
  .strictObject({
    databases: z.record(nonEmpty, database),
    services: z.record(nonEmpty, service),
    /** A list, `{ query, database }`, `{ discover: service }` or a function; without it, the registry. */
    tenants: tenantSource.optional(),
    /** The database whose control schema has the registry; by default that of the first service with tenants. */
    registry: nonEmpty.optional(),
    /** Tenants by their attributes: each named value must be the tenant's, or one of a list. */
    groups: z
      .record(nonEmpty, z.record(nonEmpty, z.union([attribute, z.array(attribute)])))
      .default({}),
    /** As whom applications work with a tenant's tables: all as one role, or each tenant with a role of its own. */
    roles: z.enum(["shared", "per-tenant"]).default("shared"),
    /** How many targets are migrated at the same time in each database. */
    concurrency: z.int().min(1).max(1_000).default(4),
    /** How long to wait for a database that does not answer. */
    connectTimeout: duration.default(30_000),
    rollout: rollout.prefault({}),
    /** Apply migrations that were merged late, behind newer ones that are applied already. */
    allowOutOfOrder: z.boolean().default(false),
    /** How often a target is tried when a lock, a deadlock or the connection is in its way, and how long apart. */
    retry: z
      .strictObject({
        attempts: z.int().min(1).max(100).default(10),
        minDelay: duration.default(50),
        maxDelay: duration.default(5_000),
      })
      .prefault({}),
    /** PostgreSQL's timeouts for every step; 0 switches one off. */
    timeouts: z
      .strictObject({
        lock: duration.default(2_000),
        statement: duration.default(15 * 60_000),
        idleInTransaction: duration.default(60_000),
        /** For a statement that must run outside a transaction, such as CREATE INDEX CONCURRENTLY. */
        concurrently: duration.default(60 * 60_000),
      })
      .prefault({}),
    /**
     * A database for proofs, as a database's `url`: `generate` and `check --database` work in schemas of their own there.
     * Without one, on the embedded server.
     */
    proofDatabase: connectionUrl.optional(),
    /** The PostgreSQL that is started for development when no database is configured. */
    embedded: z
      .strictObject({
        folder: nonEmpty.default(".drizzle-fleet"),
        /** The port to listen on at 127.0.0.1; another free one is taken when it is busy. */
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

/** What a function that gives tenants may return for one of them. */
type TenantInput =
  | string
  | { id: string; attributes?: Record<string, Attribute>; database?: string };

type PasswordFunction = (login: Login) => string | Promise<string>;

type TenantFunction = () => readonly TenantInput[] | Promise<readonly TenantInput[]>;

/** What a user writes in `defineFleet({...})`. This type is not trusted. */
export type FleetInput = z.input<typeof fleet>;

/** The checked configuration, with every default filled in. */
export type FleetConfig = z.output<typeof fleet>;

export type ServiceConfig = FleetConfig["services"][string];
export type Timeouts = FleetConfig["timeouts"];
export type Attribute = string | number | boolean;

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
  const result = fleet.safeParse(input);
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
