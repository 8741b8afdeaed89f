import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import {
  type DatabaseAddress,
  systemAuthorities,
  type TlsMode,
  tlsModes,
} from "../core/database.ts";
import { FleetError, messageOf } from "../core/errors.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** How to encrypt a connection, in the driver's terms. */
export interface Tls {
  /** The URL without its TLS parameters, which the driver interprets differently and warns about. */
  readonly url: string;
  readonly ssl: false | ConnectionOptions;
  /** True if the connection continues in clear text when the server does not support TLS. */
  readonly optional: boolean;
  /** True if TLS begins without asking the server first (`sslnegotiation=direct`). */
  readonly direct: boolean;
}

/** An option's value, and the name of the option or variable. */
interface TlsOption {
  readonly option: string;
  readonly value: string;
}

/** The TLS options of an address: in its URL, beside it, or in the environment. */
interface TlsRequest {
  readonly database: string;
  readonly mode: TlsOption | undefined;
  readonly ca: TlsOption | undefined;
  readonly cert: TlsOption | undefined;
  readonly key: TlsOption | undefined;
  readonly direct: boolean;
}

/** URL parameters that are handled here. An `sslnegotiation` other than `direct` is left to the driver. */
const tlsParameters = new Set([
  "sslmode",
  "sslrootcert",
  "sslcert",
  "sslkey",
  "ssl",
  "uselibpqcompat",
]);
const directNegotiation = "sslnegotiation=direct";

/** libpq's equivalents of the values of node-postgres's URL parameter `ssl`. */
const driverWords: Readonly<Record<string, TlsMode>> = {
  "0": "disable",
  false: "disable",
  "1": "verify-full",
  true: "verify-full",
  "no-verify": "require",
};

/**
 * Reads the TLS settings of an address, with libpq's semantics. The URL takes precedence over `tls`, and `tls` over
 * libpq's variables (PGSSLMODE and others). Without any setting, the connection is not encrypted. A certificate file
 * or `direct` without a mode implies the strictest mode, verify-full.
 *
 * @throws FleetError `config` for an unknown mode, one that contradicts other options, and unreadable files
 */
export function tlsOf(address: DatabaseAddress, environment: Variables = process.env): Tls {
  const { url, parameters, direct } = withoutTlsParameters(address.url);
  const wishes = tlsRequestOf(address, parameters, direct, environment);
  const mode = isSocket(address.url) ? "disable" : modeOf(wishes);
  return {
    url,
    ssl: mode === "disable" ? false : optionsOf(mode, wishes),
    optional: mode === "allow" || mode === "prefer",
    direct: direct && mode !== "disable",
  };
}

/** The rest of the URL stays as written: the driver decodes percent signs in its own way. */
function withoutTlsParameters(url: string): {
  url: string;
  parameters: URLSearchParams;
  direct: boolean;
} {
  const [base = "", ...queries] = url.split("?");
  const parts = queries.join("?").split("&");
  const isOurs = (part: string) =>
    part === directNegotiation ||
    [...new URLSearchParams(part).keys()].some((name) => tlsParameters.has(name));
  const rest = parts.filter((part) => part !== "" && !isOurs(part)).join("&");
  return {
    url: rest === "" ? base : `${base}?${rest}`,
    parameters: new URL(url).searchParams,
    direct: parts.includes(directNegotiation),
  };
}

function tlsRequestOf(
  { name, tls = {} }: DatabaseAddress,
  parameters: URLSearchParams,
  direct: boolean,
  environment: Variables,
): TlsRequest {
  const inUrl = (option: string) => tlsOption(option, parameters.get(option));
  const variable = (option: string) => tlsOption(option, environment[option]);
  const ca = inUrl("sslrootcert") ?? tlsOption("tls.ca", tls.ca);
  const cert = inUrl("sslcert");
  const key = inUrl("sslkey");
  const meant =
    ca ??
    cert ??
    key ??
    (direct ? { option: directNegotiation, value: directNegotiation } : undefined);
  return {
    database: name,
    mode:
      inUrl("sslmode") ??
      inUrl("ssl") ??
      tlsOption("tls.mode", tls.mode) ??
      (meant && { option: meant.option, value: "verify-full" }) ??
      variable("PGSSLMODE"),
    ca: ca ?? variable("PGSSLROOTCERT"),
    cert: cert ?? variable("PGSSLCERT"),
    key: key ?? variable("PGSSLKEY"),
    direct,
  };
}

/** As in libpq, an empty value counts as not set. */
function tlsOption(option: string, value: string | null | undefined): TlsOption | undefined {
  return value ? { option, value } : undefined;
}

/** libpq ignores sslmode for Unix-domain sockets: a host that is a folder. */
function isSocket(url: string): boolean {
  const { searchParams, hostname } = new URL(url);
  return /^(\/|%2f)/i.test(searchParams.get("host") ?? hostname);
}

function modeOf({ database, mode: wish, ca, direct }: TlsRequest): TlsMode {
  if (wish === undefined) return "disable";
  const { option, value } = wish;
  const word = option === "ssl" ? (driverWords[value] ?? value) : value;
  const mode = tlsModes.find((known) => known === word);
  if (mode === undefined) {
    throw new FleetError(
      "config",
      `database "${database}": ${option} "${value}" is not a known mode`,
      {
        remedy: `Set ${option === "ssl" ? "sslmode" : option} to one of ${tlsModes.join(", ")}.`,
      },
    );
  }
  // As in libpq: a weak mode would defeat the purpose of the other option.
  if (ca?.value === systemAuthorities && mode !== "verify-full")
    throw contradictionError(database, wish, `${ca.option}=${systemAuthorities}`, "verify-full");
  if (direct && (mode === "disable" || mode === "allow" || mode === "prefer"))
    throw contradictionError(database, wish, directNegotiation, "require or verify-full");
  return mode;
}

function contradictionError(
  database: string,
  mode: TlsOption,
  other: string,
  better: string,
): FleetError {
  return new FleetError(
    "config",
    `database "${database}": ${mode.option} "${mode.value}" is too weak for ${other}`,
    { remedy: `Set ${mode.option} to ${better}.` },
  );
}

function optionsOf(mode: TlsMode, wishes: TlsRequest): ConnectionOptions {
  const client = clientCertificate(wishes);
  const weak = mode === "allow" || mode === "prefer" || (mode === "require" && !wishes.ca);
  if (weak) return { ...client, rejectUnauthorized: false };
  const ca = wishes.ca === undefined ? undefined : authorities(wishes.database, wishes.ca);
  return {
    ...client,
    ...(ca === undefined ? {} : { ca }),
    // Explicit although it is the default: NODE_TLS_REJECT_UNAUTHORIZED must not disable it.
    rejectUnauthorized: true,
    ...(mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
  };
}

function clientCertificate({ database, cert, key }: TlsRequest): ConnectionOptions {
  if (cert === undefined && key === undefined) return {};
  if (cert === undefined || key === undefined) {
    const [there, missing] = cert === undefined ? ["sslkey", "sslcert"] : ["sslcert", "sslkey"];
    throw new FleetError("config", `database "${database}": ${there} is set without ${missing}`, {
      remedy: `Set ${missing} to the path of a PEM file as well.`,
    });
  }
  return { cert: fileOf(database, cert), key: fileOf(database, key) };
}

/** @returns undefined for the authorities that Node trusts */
function authorities(database: string, ca: TlsOption): string | undefined {
  if (ca.value === systemAuthorities) return undefined;
  const text = fileOf(database, ca);
  try {
    // Node treats a file without a certificate as no authority, and then reports the server's certificate as the
    // problem.
    new X509Certificate(text);
  } catch (cause) {
    throw unusableFileError(
      database,
      ca,
      `is not a certificate in PEM format: ${messageOf(cause)}`,
      cause,
    );
  }
  return text;
}

function fileOf(database: string, file: TlsOption): string {
  try {
    return readFileSync(file.value, "utf8");
  } catch (cause) {
    throw unusableFileError(database, file, `cannot be read: ${messageOf(cause)}`, cause);
  }
}

function unusableFileError(
  database: string,
  { option, value }: TlsOption,
  reason: string,
  cause: unknown,
): FleetError {
  return new FleetError("config", `database "${database}": ${option} ${value} ${reason}`, {
    remedy: `Set ${option} to the path of a PEM file that you have permission to read.`,
    cause,
  });
}
