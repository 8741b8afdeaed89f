/** libpq's words for how far a connection is encrypted and its server known (PostgreSQL, "SSL Support"). */
export const tlsModes = [
  "disable",
  "allow",
  "prefer",
  "require",
  "verify-ca",
  "verify-full",
] as const;

export type TlsMode = (typeof tlsModes)[number];

/** Instead of a file: the authorities that the platform trusts, for us those that Node brings. */
export const systemAuthorities = "system";

/** A database of the fleet with the way in. The URL holds a password: it is never printed. */
export interface DatabaseAddress {
  /** Its name in the configuration, for example `platform`. */
  readonly name: string;
  readonly url: string;
  /** What the URL itself says (`sslmode`, `sslrootcert`) counts before it. */
  readonly tls?: TlsSettings | undefined;
  /** Gives the password of each connection, where the URL has none. */
  readonly password?: PasswordProvider | undefined;
  /** Reads the address anew, for the next connection: what is in files may have changed. */
  readonly renew?: (() => DatabaseAddress) | undefined;
}

/** Who connects, and where to: what a password is asked for. */
export interface Login {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

export type PasswordProvider = (login: Login) => Promise<string>;

export interface TlsSettings {
  readonly mode?: TlsMode | undefined;
  /** The path of a PEM file with the certificates that the server's must come from. */
  readonly ca?: string | undefined;
}

/** Where the database is, without user or password: `host:port/name`. Safe to print. */
export function locationOf(address: DatabaseAddress): string {
  const url = new URL(address.url);
  return `${url.hostname || "localhost"}:${url.port || "5432"}${url.pathname}`;
}
