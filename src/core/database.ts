/** libpq's modes of encryption and server verification. Source: PostgreSQL, "SSL Support". */
export const tlsModes = [
  "disable",
  "allow",
  "prefer",
  "require",
  "verify-ca",
  "verify-full",
] as const;

export type TlsMode = (typeof tlsModes)[number];

/** Used instead of a file: the authorities that the platform trusts, here those of Node.js. */
export const systemAuthorities = "system";

/** A database of the fleet, with how to connect to it. The URL can contain a password, and is never printed. */
export interface DatabaseAddress {
  /** Its name in the configuration, for example `platform`. */
  readonly name: string;
  readonly url: string;
  /** Parameters in the URL (`sslmode`, `sslrootcert`) take precedence. */
  readonly tls?: TlsSettings | undefined;
  /** Returns the password of each connection, if the URL has none. */
  readonly password?: PasswordProvider | undefined;
  /** Reads the address again for the next connection, because files with parts of it may have changed. */
  readonly renew?: (() => DatabaseAddress) | undefined;
}

/** The user and server of a connection that needs a password. */
export interface Login {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

export type PasswordProvider = (login: Login) => Promise<string>;

export interface TlsSettings {
  readonly mode?: TlsMode | undefined;
  /** The path of a PEM file with the certificate authorities that the server's certificate must come from. */
  readonly ca?: string | undefined;
}

/** The place of a database, without user or password: `host:port/name`. Safe to print. */
export function locationOf(address: DatabaseAddress): string {
  const url = new URL(address.url);
  return `${url.hostname || "localhost"}:${url.port || "5432"}${url.pathname}`;
}
