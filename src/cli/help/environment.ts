/** What the environment variables mean that help explains. docs/configuration.md lists all of them. */
export const environmentVariables = {
  TENANTS: 'tenants of this run, instead of the configured ones: TENANTS="acme globex"',
  "DB_HOST, DB_PORT": "server of every database without a connection URL",
  DB_NAME_SERVER: "database name on that server",
  "DB_USER_ADMIN, DB_PASSWORD_ADMIN": "role that owns the tenant schemas and migrates them",
  "DB_USER_SERVER, DB_PASSWORD_SERVER": "application role",
  "DB_SSLMODE, DB_SSLROOTCERT": "TLS mode and trusted certificates, as in libpq",
  SECRETS_DIR: "folder with files that are named like variables and contain their values",
  ADMIN_PASSWORD: "password of the first user, for tenants add --admin-email",
  "NODE_ENV=production": "never use embedded PostgreSQL",
  "SKIP_MIGRATIONS=true": "dev does not migrate, as with --skip-migrations",
  DRIZZLE_FLEET_DEBUG: "print the stack trace of unexpected errors",
  NO_COLOR: "print no colors",
  FORCE_COLOR: "print colors even without a terminal; 0 turns them off",
} as const;

export type EnvironmentVariable = keyof typeof environmentVariables;
