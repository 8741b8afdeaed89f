/** libpq's words for how much a connection is secured (PostgreSQL, "SSL Support"). */
export const tlsModes = [
  "disable",
  "allow",
  "prefer",
  "require",
  "verify-ca",
  "verify-full",
] as const;

type TlsMode = (typeof tlsModes)[number];

/** How a connection is secured where its URL does not say so itself. */
export interface Tls {
  readonly mode?: TlsMode | undefined;
  /** Path of a file with the certificates to trust, in PEM. */
  readonly ca?: string | undefined;
}

/** A database of the fleet with the way in. The URL holds a password: it is never printed. */
export interface DatabaseAddress {
  /** Its name in the configuration, for example `platform`. */
  readonly name: string;
  readonly url: string;
  readonly tls?: Tls;
}

/** Where the database is, without user or password: `host:port/name`. Safe to print. */
export function locationOf(address: DatabaseAddress): string {
  const url = new URL(address.url);
  return `${url.hostname || "localhost"}:${url.port || "5432"}${url.pathname}`;
}
