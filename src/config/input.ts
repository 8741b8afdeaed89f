import type { Amount } from "../core/amount.ts";
import type { Login, TlsMode } from "../core/database.ts";

/**
 * A reference to an environment variable, made by `env`. The variable is read when a verb needs the database.
 *
 * @example
 *   const url: EnvironmentReference = env("DATABASE_URI");
 */
export interface EnvironmentReference {
  readonly environmentVariable: string;
}

/** `env("NAME")`, or the URL itself: `postgresql://user@host:5432/name`. */
type ConnectionUrl = EnvironmentReference | string;

/** Milliseconds from 0 to 2147483647 (about 24 days), or a text such as `"500ms"`, `"30s"`, `"5m"`, `"1h"`. */
type DurationInput = number | string;

/** A number, at least 0, or a percentage such as `"10%"`. */
type AmountInput = Amount | number | string;

/** Bytes, or a text such as `"100MB"` or `"1.5GB"`, with PostgreSQL's units: 1 MB is 1024 kB. */
type SizeInput = number | string;

export type Attribute = string | number | boolean;

/**
 * A PostgreSQL database with tenant schemas. At most one of `password`, `passwordCommand` and `passwordFile` can be
 * set; `defineFleet` throws a FleetError `config` otherwise.
 *
 * @example
 *   const platform: DatabaseInput = { url: env("DATABASE_URI"), tls: { mode: "verify-full" } };
 */
export interface DatabaseInput {
  /** The connection URL, or `env("NAME")`. Without it, the standard variables (DB_HOST and so on) are used. */
  url?: ConnectionUrl | undefined;
  /** The URL for changing schemas, which must bypass a connection pooler; `url` by default. */
  directUrl?: ConnectionUrl | undefined;
  /** The URL for applications. By default: `url`, with the role in DB_USER_SERVER. */
  applicationUrl?: ConnectionUrl | undefined;
  /** The database's name on the server of the standard variables; DB_NAME_SERVER by default. */
  name?: string | undefined;
  /** TLS settings, like libpq's sslmode and sslrootcert. Parameters in the URL take precedence. */
  tls?: { mode?: TlsMode | undefined; ca?: string | undefined } | undefined;
  /**
   * The password for URLs without one: a function, which is called for each connection, or `env("NAME")`, which is
   * read for each connection. Use it for passwords that change or expire, such as a cloud's access tokens.
   */
  password?: EnvironmentReference | PasswordFunction | undefined;
  /** A shell command that prints the password. PGHOST, PGPORT, PGUSER and PGDATABASE describe the login. */
  passwordCommand?: string | undefined;
  /** A file that contains the password, relative to the configuration file. */
  passwordFile?: string | undefined;
}

/**
 * One set of Drizzle schema files and one migrations folder. It needs either `tenantSchema` or `singleSchema`.
 *
 * @example
 *   const auth: ServiceInput = {
 *     schema: "./schema/auth",
 *     out: "./drizzle/auth",
 *     database: "platform",
 *     tenantSchema: "auth_{tenant}",
 *   };
 */
export interface ServiceInput {
  /**
   * The folder, file or glob patterns of the service's Drizzle schema. A pattern that begins with `!` excludes files.
   */
  schema: string | string[];
  /** The service's migrations folder. */
  out: string;
  /** The name of an entry in `databases`. */
  database: string;
  /** The pattern of the tenant schemas' names; contains `{tenant}` exactly once: `"auth_{tenant}"`. */
  tenantSchema?: string | undefined;
  /** The schema of a service whose data is not kept per tenant. */
  singleSchema?: string | undefined;
  /**
   * The schema that the service's SQL names where it means its target's schema, such as the name in `pgSchema("shop")`;
   * `"public"` by default. With several, all of them mean the target's schema: `["shop", "public"]`.
   */
  sourceSchema?: string | string[] | undefined;
  /** Schemas that migrations can refer to besides the tenant schema. They follow it on the search_path. */
  sharedSchemas?: string[] | undefined;
  /** The schema for extensions. CREATE EXTENSION in a migration runs once per database and installs them there. */
  extensionSchema?: string | undefined;
  /** Tags of migrations that you have reviewed because their SQL cannot be proved to stay in its tenant. */
  acceptUnproved?: string[] | undefined;
  /** A module that fills new tenants with initial rows, see `defineSeed`. */
  seed?: string | undefined;
  /** drizzle-kit's `casing`. Only for drizzle-kit 0.31. */
  casing?: "snake_case" | "camelCase" | undefined;
  /** drizzle-kit's `migrations.prefix`: how tags begin. By default, like the existing tags in the folder. */
  prefix?: "index" | "unix" | "timestamp" | "supabase" | "none" | undefined;
  /** `generate` writes contracts, which `migrate` holds back for `after`, such as `"14d"`. */
  expandContract?: { after: string } | undefined;
  /** What `lint` reports in this service's migrations, where it differs from the top level. */
  lint?: LintInput | undefined;
}

/**
 * A tenant in a list, or in the result of a function: an id, or an object with an id.
 *
 * @example
 *   const tenants: TenantInput[] = ["acme", { id: "beta", attributes: { plan: "gold" } }];
 */
export type TenantInput =
  | string
  | {
      /** The tenant's id: letters, digits, _, - and . only. The first character must be a letter, a digit or _. */
      id: string;
      /** Values that groups and `tenants list --attribute` select by. */
      attributes?: Record<string, Attribute> | undefined;
      /** The database with all of the tenant's schemas; by default that of each service. */
      database?: string | undefined;
    };

export type PasswordFunction = (login: Login) => string | Promise<string>;

export type TenantFunction = () => readonly TenantInput[] | Promise<readonly TenantInput[]>;

/**
 * How to roll out, unless an option of the same name on the command line of `migrate` overrides it.
 *
 * @example
 *   const rollout: RolloutInput = { canary: 5, wave: "10%", soak: "5m", maxFailures: "1%" };
 */
export interface RolloutInput {
  /** Tenants or groups to migrate first, separated by commas, or a number of tenants, at least 1. */
  canary?: number | string | undefined;
  /** Tenants per wave: a number, at least 1; a percentage such as `"10%"`; or groups, in order. */
  wave?: number | string | undefined;
  /** The pause between waves; 0 by default. */
  soak?: DurationInput | undefined;
  /** A shell command to run after each wave. It gets the outcomes as JSON, and stops the rollout if it fails. */
  verify?: string | undefined;
  /** What to do after a target fails; `"continue"` by default. */
  onError?: "continue" | "stop" | undefined;
  /** The number of targets that may fail, or their percentage such as `"1%"`. One more stops the rollout. */
  maxFailures?: AmountInput | undefined;
}

/**
 * A difference that `drift` does not report.
 *
 * @example
 *   const allowed: AllowedDrift = { object: "index orders_tmp_*", tenants: ["acme"], reason: "TICKET-7", until: "2027-01-31" };
 */
export interface AllowedDrift {
  /**
   * The kind and the name of the object, as `drift` shows them, such as `"index orders_code"` or `"column orders.total"`.
   * `*` stands for any characters.
   */
  object: string;
  /** The service; by default all. */
  service?: string | undefined;
  /** The ids of the tenants; by default all. */
  tenants?: string[] | undefined;
  /** Why the difference is accepted. */
  reason: string;
  /** The last day on which it is accepted, such as `"2027-01-31"`, in UTC; by default without end. */
  until?: string | undefined;
}

/**
 * What `lint` reports. A service's own `lint` overrides single rules, tables and sizes.
 *
 * @example
 *   const lint: LintInput = { rules: { "unindexed-fk": "off" }, largestTables: { orders: "20GB" } };
 */
export interface LintInput {
  /** The severity of a rule, by its id. */
  rules?: Record<string, "off" | "info" | "warning" | "error"> | undefined;
  /** Tables of this size or less are small: a lock on them is short, whatever is done meanwhile; `"10MB"` by default. */
  smallTable?: SizeInput | undefined;
  /**
   * The sizes of tables in the biggest tenant, by name, for runs without the databases. `lint --pending` reads them from the
   * databases. Tables of a shared schema are named with it: `"shared.countries"`.
   */
  largestTables?: Record<string, SizeInput> | undefined;
  /** How much of a table the server reads in a second, for estimates; `"100MB"` by default. */
  scanPerSecond?: SizeInput | undefined;
  /** How much of a table, with its indexes, the server writes anew in a second, for estimates; `"30MB"` by default. */
  rewritePerSecond?: SizeInput | undefined;
}

/**
 * The argument of `defineFleet`.
 *
 * @example
 *   const input: FleetInput = {
 *     databases: { platform: { url: env("DATABASE_URI") } },
 *     services: { auth: { schema: "./schema", out: "./drizzle", database: "platform", tenantSchema: "auth_{tenant}" } },
 *     concurrency: 8,
 *   };
 */
export interface FleetInput {
  /** The databases with tenant schemas, by names of your choice. */
  databases: Record<string, DatabaseInput>;
  /** The services, by name; at least one. */
  services: Record<string, ServiceInput>;
  /**
   * The source of tenants: a list; `{ query, database }`, which returns one row per tenant; `{ discover: service }`,
   * for every schema that matches the service's tenantSchema and contains a ledger; or a function. Without it, the
   * tenants in the registry.
   */
  tenants?:
    | TenantInput[]
    | { query: string; database: string }
    | { discover: string }
    | TenantFunction
    | undefined;
  /** The database with the registry in its control schema; by default that of the first service with tenants. */
  registry?: string | undefined;
  /** Groups of tenants by attributes. A tenant is in a group if it has, for each attribute, one of the given values. */
  groups?: Record<string, Record<string, Attribute | Attribute[]>> | undefined;
  /**
   * The role that applications use for a tenant's tables: `"shared"` is one role for all tenants, `"per-tenant"` is
   * one role for each; `"shared"` by default.
   */
  roles?: "shared" | "per-tenant" | undefined;
  /** The number of targets to migrate at the same time in each database, from 1 to 1000; 4 by default. */
  concurrency?: number | undefined;
  /**
   * The number of targets to send on one connection without waiting for the answers, from 1 to 16; 4 by default. The server
   * runs them one after another. It matters if the network is slow. Through a pooler it is 1.
   */
  targetsPerConnection?: number | undefined;
  /** How long to wait for a database that does not answer; 30 seconds by default. */
  connectTimeout?: DurationInput | undefined;
  /** How to roll out unless the command line overrides it. */
  rollout?: RolloutInput | undefined;
  /** Whether to apply migrations that were merged after later migrations were applied; false by default. */
  allowOutOfOrder?: boolean | undefined;
  /** How often and at what intervals to retry a target after a lock timeout, a deadlock or a lost connection. */
  retry?:
    | {
        /** Attempts per target, from 1 to 100; 10 by default. */
        attempts?: number | undefined;
        /** The first delay; 50 milliseconds by default. */
        minDelay?: DurationInput | undefined;
        /** The longest delay; 5 seconds by default. */
        maxDelay?: DurationInput | undefined;
      }
    | undefined;
  /** PostgreSQL's timeouts for every step; 0 disables one. */
  timeouts?:
    | {
        /** How long a statement waits for a lock; 2 seconds by default. */
        lock?: DurationInput | undefined;
        /** How long a statement may run; 15 minutes by default. */
        statement?: DurationInput | undefined;
        /** How long a transaction may be idle; 1 minute by default. */
        idleInTransaction?: DurationInput | undefined;
        /** How long a statement may run outside a transaction, such as CREATE INDEX CONCURRENTLY; 1 hour by default. */
        concurrently?: DurationInput | undefined;
      }
    | undefined;
  /** How statements that run in batches (`-- drizzle-fleet: batch 5000 by id`) leave room for other work. */
  backfill?:
    | {
        /** The pause between two batches of a target; 50 milliseconds by default. */
        pause?: DurationInput | undefined;
        /**
         * How far a replica may be behind before the next batch waits for it. By default 0: replicas are not looked at. The
         * role must be a member of pg_monitor.
         */
        maxReplicaLag?: DurationInput | undefined;
      }
    | undefined;
  /**
   * The URL of a database for proofs, or `env("NAME")`: `generate` and `check --database` create scratch schemas
   * there. By default, the embedded server.
   */
  proofDatabase?: ConnectionUrl | undefined;
  /** What `drift` compares. */
  drift?:
    | {
        /** Differences that are not reported. An entry that is expired, or that matches nothing, is. */
        allow?: AllowedDrift[] | undefined;
      }
    | undefined;
  /** What `lint` reports, for all services. */
  lint?: LintInput | undefined;
  /** The embedded PostgreSQL, which is started for development if no database is configured. */
  embedded?:
    | {
        /** Its data folder; `.drizzle-fleet` by default. */
        folder?: string | undefined;
        /**
         * The port to listen on at 127.0.0.1, from 1 to 65535; 54329 by default. If it is busy, another free port is
         * used.
         */
        port?: number | undefined;
      }
    | undefined;
}
