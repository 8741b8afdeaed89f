import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { ignoreExisting } from "./ignore-existing.ts";
import { applicationUser, migratorUser, passwordOf, superuser } from "./roles.ts";

/**
 * Writes the password file, in libpq's format, with a new secret. An existing file is kept: the secret is the cluster's
 * for its lifetime. The file is written under another name first, so that no reader sees an incomplete one.
 */
export async function createPasswordFile(path: string): Promise<void> {
  if (existsSync(path)) return;
  const temporary = `${path}.${process.pid}`;
  const secret = randomBytes(24).toString("hex");
  await writeFile(temporary, passwordLines(secret), { mode: 0o600 });
  await link(temporary, path).catch(ignoreExisting);
  await rm(temporary);
}

/** Adds the lines that earlier versions did not write. The superuser's line is last, where they read it. */
export async function completePasswordFile(path: string, secret: string): Promise<void> {
  const lines = passwordLines(secret);
  if ((await readFile(path, "utf8")) === lines) return;
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, lines, { mode: 0o600 });
  await rename(temporary, path);
}

/** Reads the superuser's password, from which the others are derived; empty if the file or its line is missing. */
export async function readSecret(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "");
  const lines = text.split("\n").map((line) => line.split(":"));
  return lines.find(([_host, _port, _database, user]) => user === superuser)?.at(-1) ?? "";
}

function passwordLines(secret: string): string {
  return [migratorUser, applicationUser, superuser]
    .map((user) => `127.0.0.1:*:*:${user}:${passwordOf(secret, user)}\n`)
    .join("");
}
