/** A database of the fleet with the way in. The URL holds a password: it is never printed. */
export interface DatabaseAddress {
  /** Its name in the configuration, for example `platform`. */
  readonly name: string;
  readonly url: string;
}

/** Where the database is, without user or password: `host:port/name`. Safe to print. */
export function locationOf(address: DatabaseAddress): string {
  const url = new URL(address.url);
  return `${url.hostname || "localhost"}:${url.port || "5432"}${url.pathname}`;
}
