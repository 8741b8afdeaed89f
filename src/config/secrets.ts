import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FleetError, isFleetError, messageOf } from "../core/errors.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Values to mask in all output. */
const knownSecrets = new Set<string>();

/** Short values and plain words are not masked: they occur in other text by chance. */
function isMasked(secret: string): boolean {
  return secret.length >= 8 && !/^[a-z]+$/.test(secret);
}

/**
 * Reads a setting as Docker and Kubernetes provide them: from the variable itself, from the file that `<NAME>_FILE`
 * names, or from a file `<NAME>` in the folder SECRETS_DIR. A line break at the end of a file is not part of the
 * value.
 *
 * @returns undefined if it is not set, or blank
 * @throws FleetError `config` if both the variable and `<NAME>_FILE` are set, or the file cannot be read
 */
export function getSetting(name: string, environment: Environment): string | undefined {
  const source = sourceOf(name, environment);
  const value = source.value ?? readFile(name, source);
  return value === undefined || value.trim() === "" ? undefined : value;
}

/** Reads a setting that must not be printed, see `getSetting`. */
export function getSecret(name: string, environment: Environment): string | undefined {
  const secret = getSetting(name, environment);
  if (secret !== undefined) addSecret(secret);
  return secret;
}

/** Adds a secret from another source, such as the password in a URL. */
export function addSecret(value: string): void {
  if (value !== "") knownSecrets.add(value);
}

/** Adds the secrets of the standard variables, so that errors before their first use are masked, too. */
export function addStandardSecrets(environment: Environment): void {
  for (const name of ["DB_PASSWORD_ADMIN", "DB_PASSWORD_SERVER", "ADMIN_PASSWORD"]) {
    try {
      getSecret(name, environment);
    } catch {
      // A value that cannot be read cannot be printed either. Its first use reports why.
    }
  }
}

/**
 * Masks passwords in a text: those in URLs and every known secret, including its percent-encoded and JSON-escaped
 * forms.
 */
export function maskSecrets(text: string): string {
  const masked = [...knownSecrets]
    .filter(isMasked)
    .flatMap((secret) => [...new Set(spellings(secret))])
    .sort((one, other) => other.length - one.length)
    .reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
  // Up to the last @: in a URL that was not percent-encoded, the password itself can contain @ and slashes.
  return masked.replace(/(\/\/[^\s:/@]*:)[^\s`<>]+(?=@)/g, "$1***");
}

function spellings(secret: string): string[] {
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
}

interface SettingSource {
  readonly value?: string;
  readonly file?: string;
  /** True if the user named the file, so that it must exist. */
  readonly named?: boolean;
}

function sourceOf(name: string, environment: Environment): SettingSource {
  const value = nonBlank(environment[name]);
  const file = nonBlank(environment[`${name}_FILE`]);
  if (value !== undefined && file !== undefined) {
    throw new FleetError("config", `${name} and ${name}_FILE are both set`, {
      remedy: "Unset one of them.",
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
    // A folder of secrets can lack some of them.
    if (!named && (cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new FleetError("config", `${name} cannot be read: ${messageOf(cause)}`, {
      where: file,
      remedy: "Check that the file exists and that you have permission to read it.",
      cause,
    });
  }
}

/** Invalid UTF-8 would become other characters, and a NUL byte would end the value on its way to the server. */
function textOf(name: string, where: string, bytes: Buffer): string {
  if (isUtf8(bytes) && !bytes.includes(0)) return bytes.toString("utf8");
  throw new FleetError(
    "config",
    `${name} is not valid text: its file contains invalid UTF-8 or a NUL byte`,
    {
      where,
      remedy: "Write the value to the file as UTF-8.",
    },
  );
}

function nonBlank(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === "" ? undefined : text;
}
