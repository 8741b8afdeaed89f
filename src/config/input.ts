import type { Amount } from "../core/amount.ts";
import type { Login, TlsMode } from "../core/database.ts";

/** A connection URL taken from an environment variable when a verb needs the database, and never before. */
export interface EnvironmentReference {
  readonly environmentVariable: string;
}

/** `env("NAME")`, or the URL itself: `postgresql://user@host:5432/name`. */
type ConnectionUrl = EnvironmentReference | string;

/** Milliseconds, or a text such as `"500ms"`, `"30s"`, `"5m"`, `"1h"`. */
type DurationInput = number | string;

/** A number, or a share such as `"10%"`. */
type AmountInput = Amount | number | string;

export type Attribute = string | number | boolean;

/** A PostgreSQL database that holds tenant schemas. */
export interface DatabaseInput {
  /** `env("NAME")`, or a connection URL. Without it the standard variables (DB_HOST, ...) say where the database is. */
  url?: ConnectionUrl | undefined;
  /** The way around a connection pooler, for all that changes schemas; as `url`. */
  directUrl?: ConnectionUrl | undefined;
  /** As whom and where applications connect; as `url`. Without it: as DB_USER_SERVER, at `url`. */
  applicationUrl?: ConnectionUrl | undefined;
  /** The database's name on the server of the standard variables, where it is not DB_NAME_SERVER. */
  name?: string | undefined;
  /** How connections are secured where the URL does not say: libpq's sslmode and sslrootcert. */
  tls?: { mode?: TlsMode | undefined; ca?: string | undefined } | undefined;
  /**
   * Gives the password of each connection whose URL has none: a function, or `env("NAME")`, whose file is read again
   * each time. For passwords that change or expire, such as a cloud's tokens.
   */
  password?: EnvironmentReference | PasswordFunction | undefined;
  /** As `password`: a shell command that writes it. PGHOST, PGPORT, PGUSER and PGDATABASE say for which login. */
  passwordCommand?: string | undefined;
  /** As `password`: a file that holds it. */
  passwordFile?: string | undefined;
}

/** One set of Drizzle schema files and one migrations folder. It needs either `tenantSchema` or `singleSchema`. */
export interface ServiceInput {
  /** Folder, file or patterns of the service's Drizzle schema; a pattern that begins with `!` leaves files out. */
  schema: string | string[];
  /** Folder of the service's migrations. */
  out: string;
  /** Name of an entry in `databases`. */
  database: string;
  /** Name pattern of the tenant schemas; contains `{tenant}` once: `"auth_{tenant}"`. */
  tenantSchema?: string | undefined;
  /** The one schema of a service that is not kept per tenant. */
  singleSchema?: string | undefined;
  /**
   * The schema that the service's SQL names where it means its target's, as drizzle-kit writes it for
   * `pgSchema("shop")`; `public` by default. Several become one: `["shop", "public"]`.
   */
  sourceSchema?: string | string[] | undefined;
  /** Schemas that migrations may refer to beside the tenant's own; they come after it on the search_path. */
  sharedSchemas?: string[] | undefined;
  /** The schema for extensions: CREATE EXTENSION in a migration runs once per database and puts them there. */
  extensionSchema?: string | undefined;
  /** Tags of migrations with parts that cannot be proved to stay in the tenant, and that you have reviewed. */
  acceptUnproved?: string[] | undefined;
  /** A module with what every new tenant begins with: see `defineSeed`. */
  seed?: string | undefined;
  /** As drizzle-kit's `casing`; with drizzle-kit 0.31 only. */
  casing?: "snake_case" | "camelCase" | undefined;
  /** As drizzle-kit's `migrations.prefix`, what tags begin with. Without it: what those of the folder begin with. */
  prefix?: "index" | "unix" | "timestamp" | "supabase" | "none" | undefined;
}

/** A tenant of a list, or of what a function returns: its id, or the id with more. */
export type TenantInput =
  | string
  | {
      /** The tenant's id. */
      id: string;
      /** What groups and `tenants list --attribute` choose by. */
      attributes?: Record<string, Attribute> | undefined;
      /** The database that holds all that is the tenant's, where that is not its services'. */
      database?: string | undefined;
    };

export type PasswordFunction = (login: Login) => string | Promise<string>;

export type TenantFunction = () => readonly TenantInput[] | Promise<readonly TenantInput[]>;

/** How a fleet is rolled out unless the command line says otherwise. The options of `migrate` have the same names. */
export interface RolloutInput {
  /** Tenants or groups that go first, separated by commas; or how many tenants. */
  canary?: number | string | undefined;
  /** Tenants per wave: a number, a share such as `"10%"`, or groups in their order. */
  wave?: number | string | undefined;
  /** The pause between two waves; none by default. */
  soak?: DurationInput | undefined;
  /** A shell command to run after each wave; it gets the outcomes as JSON, and ends the rollout when it fails. */
  verify?: string | undefined;
  /** What the first failed target does to the rollout; `"continue"` by default. */
  onError?: "continue" | "stop" | undefined;
  /** More failed targets than this end the rollout: a number, or a share such as `"1%"`. */
  maxFailures?: AmountInput | undefined;
}

/** What `defineFleet` takes. */
export interface FleetInput {
  /** The databases that hold tenant schemas, by names of your choice. */
  databases: Record<string, DatabaseInput>;
  /** The services, by their names. */
  services: Record<string, ServiceInput>;
  /**
   * Who the tenants are: a list; `{ query, database }`, one row per tenant; `{ discover: service }`, every schema that
   * fits the service's tenantSchema and has a ledger; or a function. Without it, the registry in the database.
   */
  tenants?:
    | TenantInput[]
    | { query: string; database: string }
    | { discover: string }
    | TenantFunction
    | undefined;
  /** The database whose control schema has the registry; by default that of the first service with tenants. */
  registry?: string | undefined;
  /** Tenants by their attributes: each named value must be the tenant's, or one of a list. */
  groups?: Record<string, Record<string, Attribute | Attribute[]>> | undefined;
  /** As whom applications work with a tenant's tables: all as one role, or each tenant with a role of its own. */
  roles?: "shared" | "per-tenant" | undefined;
  /** How many targets are migrated at the same time in each database, from 1 to 1000; 4 by default. */
  concurrency?: number | undefined;
  /** How long to wait for a database that does not answer; 30 seconds by default. */
  connectTimeout?: DurationInput | undefined;
  /** How a fleet is rolled out unless the command line says otherwise. */
  rollout?: RolloutInput | undefined;
  /** Apply migrations that were merged late, after newer ones that are applied already; false by default. */
  allowOutOfOrder?: boolean | undefined;
  /** How often a target is tried when a lock, a deadlock or the connection is in its way, and how long apart. */
  retry?:
    | {
        /** From 1 to 100; 10 by default. */
        attempts?: number | undefined;
        /** The first delay; 50 milliseconds by default. */
        minDelay?: DurationInput | undefined;
        /** The longest delay; 5 seconds by default. */
        maxDelay?: DurationInput | undefined;
      }
    | undefined;
  /** PostgreSQL's timeouts for every step; 0 switches one off. */
  timeouts?:
    | {
        /** How long a statement waits for a lock; 2 seconds by default. */
        lock?: DurationInput | undefined;
        /** How long a statement may run; 15 minutes by default. */
        statement?: DurationInput | undefined;
        /** How long a transaction may be idle; 1 minute by default. */
        idleInTransaction?: DurationInput | undefined;
        /** For a statement that must run outside a transaction, such as CREATE INDEX CONCURRENTLY; 1 hour by default. */
        concurrently?: DurationInput | undefined;
      }
    | undefined;
  /**
   * A database for proofs, as a database's `url`: `generate` and `check --database` work in scratch schemas there.
   * Without it, on the embedded server.
   */
  proofDatabase?: ConnectionUrl | undefined;
  /** The PostgreSQL that is started for development when no database is configured. */
  embedded?:
    | {
        /** Where it keeps its data; `.drizzle-fleet` by default. */
        folder?: string | undefined;
        /** The port to listen on at 127.0.0.1; 54329 by default. Another free one is taken when it is busy. */
        port?: number | undefined;
      }
    | undefined;
}
