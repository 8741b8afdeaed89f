import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FleetError, isFleetError, messageOf } from "../core/errors.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Values that were read as secrets, to be kept out of whatever is printed. */
const knownSecrets = new Set<string>();

/** A value that is short, or a plain word, stands by chance in many a text: masking it would only confuse. */
function isMasked(secret: string): boolean {
  return secret.length >= 8 && !/^[a-z]+$/.test(secret);
}

/**
 * Reads a setting as Docker and Kubernetes hand them out: from the variable itself, from the file that
 * `<NAME>_FILE` names, or from a file called `<NAME>` in the folder SECRETS_DIR. A line end at the end of a file is
 * not part of the value.
 *
 * @returns undefined when there is none, or it is empty
 * @throws FleetError `config` when the variable and its file are both given, or the file cannot be read
 */
export function getSetting(name: string, environment: Environment): string | undefined {
  const source = sourceOf(name, environment);
  const value = source.value ?? readFile(name, source);
  return value === undefined || value.trim() === "" ? undefined : value;
}

/** As `getSetting`, for what must not be printed. */
export function getSecret(name: string, environment: Environment): string | undefined {
  const secret = getSetting(name, environment);
  if (secret !== undefined) addSecret(secret);
  return secret;
}

/** Marks a value as secret that came in another way, such as the password within a URL. */
export function addSecret(value: string): void {
  if (value !== "") knownSecrets.add(value);
}

/** Marks the standard variables' secrets, for errors from before anybody has asked for them. */
export function addStandardSecrets(environment: Environment): void {
  for (const name of ["DB_PASSWORD_ADMIN", "DB_PASSWORD_SERVER", "ADMIN_PASSWORD"]) {
    try {
      getSecret(name, environment);
    } catch {
      // What cannot be read cannot be printed either; whoever needs it says why.
    }
  }
}

/**
 * Takes passwords out of a text: those within URLs, and every secret that was read so far, also percent-encoded or
 * as part of a JSON document.
 */
export function maskSecrets(text: string): string {
  const masked = [...knownSecrets]
    .filter(isMasked)
    .flatMap((secret) => [...new Set(spellings(secret))])
    .sort((one, other) => other.length - one.length)
    .reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
  // Up to the last @: in a URL that somebody has forgotten to encode, a password may hold some, and slashes.
  return masked.replace(/(\/\/[^\s:/@]*:)[^\s`<>]+(?=@)/g, "$1***");
}

function spellings(secret: string): string[] {
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
}

interface SettingSource {
  readonly value?: string;
  readonly file?: string;
  /** True when the user named the file: then it must be there. */
  readonly named?: boolean;
}

function sourceOf(name: string, environment: Environment): SettingSource {
  const value = nonBlank(environment[name]);
  const file = nonBlank(environment[`${name}_FILE`]);
  if (value !== undefined && file !== undefined) {
    throw new FleetError("config", `${name} and ${name}_FILE are both set`, {
      remedy: "Unset one of them: nobody can say which is meant.",
    });
  }
  if (value !== undefined) return { value };
  if (file !== undefined) return { file, named: true };
  const folder = nonBlank(environment.SECRETS_DIR);
  return folder === undefined ? {} : { file: join(folder, name) };
}

function readFile(name: string, { file, named = false }: SettingSource): string | undefined {
  if (file === undefined) return undefined;
  try {
    return textOf(name, file, readFileSync(file)).replace(/\r?\n$/, "");
  } catch (cause) {
    if (isFleetError(cause)) throw cause;
    // A folder of secrets need not hold all of them.
    if (!named && (cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new FleetError("config", `${name} cannot be read: ${messageOf(cause)}`, {
      where: file,
      remedy: "Is the file there, and may this user read it?",
      cause,
    });
  }
}

/** A byte that is no UTF-8 would become another character, and a NUL byte end the value on its way to the server. */
function textOf(name: string, where: string, bytes: Buffer): string {
  if (isUtf8(bytes) && !bytes.includes(0)) return bytes.toString("utf8");
  throw new FleetError(
    "config",
    `${name} is not valid text: its file contains invalid UTF-8 or a NUL byte`,
    {
      where,
      remedy: "Write the value into the file as UTF-8.",
    },
  );
}

function nonBlank(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === "" ? undefined : text;
}
