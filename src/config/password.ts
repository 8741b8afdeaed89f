import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Login, PasswordProvider } from "../core/database.ts";
import { FleetError, messageOf } from "../core/errors.ts";
import type { FleetConfig } from "./schema.ts";
import { addSecret, type Environment, getSecret } from "./secrets.ts";

type DatabaseConfig = FleetConfig["databases"][string];

/** A password with more characters than this is refused. */
const longestOutput = 64 * 1024;

/**
 * Provides the passwords for a database whose URL has none. It is asked for each connection that needs one.
 * Connections that are opened at the same time share an answer.
 *
 * @param name the database, for error messages
 * @param timeoutMs how long to wait for an answer, in milliseconds
 * @returns undefined if the configuration has no source of passwords
 */
export function passwordProvider(
  name: string,
  config: DatabaseConfig,
  environment: Environment,
  timeoutMs: number,
): PasswordProvider | undefined {
  const ask = sourceOf(config, environment);
  if (ask === undefined) return undefined;
  const pending = new Map<string, Promise<string>>();
  return (login) => {
    const key = JSON.stringify(login);
    const asked =
      pending.get(key) ??
      askPassword(name, ask, login, timeoutMs).finally(() => pending.delete(key));
    pending.set(key, asked);
    return asked;
  };
}

/** A source of passwords, and its key in the configuration. */
interface PasswordSource {
  readonly key: "password" | "passwordCommand" | "passwordFile";
  readonly read: (login: Login, signal: AbortSignal) => unknown;
}

function sourceOf(
  { password, passwordCommand, passwordFile }: DatabaseConfig,
  environment: Environment,
): PasswordSource | undefined {
  if (typeof password === "function") return { key: "password", read: password };
  if (password !== undefined) {
    const { environmentVariable } = password;
    return { key: "password", read: () => getSecret(environmentVariable, environment) };
  }
  if (passwordCommand !== undefined)
    return {
      key: "passwordCommand",
      read: (login, signal) => outputOf(passwordCommand, login, environment, signal),
    };
  if (passwordFile !== undefined)
    return { key: "passwordFile", read: () => readFileSync(passwordFile, "utf8") };
  return undefined;
}

async function askPassword(
  name: string,
  { key, read }: PasswordSource,
  login: Login,
  timeoutMs: number,
): Promise<string> {
  const where = `databases.${name}.${key}`;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  const overdue = new Promise<never>((_, reject) => {
    late.signal.addEventListener("abort", () =>
      reject(new Error(`no answer within ${timeoutMs / 1_000} s`)),
    );
  });
  try {
    const given = await Promise.race([read(login, late.signal), overdue]);
    if (typeof given !== "string") throw new Error("the password is not a string");
    const password = given.replace(/\r?\n$/, "");
    if (password === "") throw new Error("the password is empty");
    if (/[\r\n]/.test(password)) throw new Error("the password has more than one line");
    if (password.includes("\0")) throw new Error("the password contains a NUL byte");
    addSecret(password);
    return password;
  } catch (cause) {
    throw new FleetError("unreachable", `no password for database "${name}": ${messageOf(cause)}`, {
      where,
      remedy:
        key === "passwordCommand"
          ? "Nothing was sent. Run the command yourself to see its output, which is not shown here."
          : "Nothing was sent. Correct this setting in the configuration.",
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Runs a shell command and returns its output. Neither output nor errors are shown: they can contain the password. */
function outputOf(
  command: string,
  { host, port, user, database }: Login,
  environment: Environment,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, {
      shell: true,
      // In its own process group, so that processes that the shell has started end with it.
      detached: true,
      stdio: ["ignore", "pipe", "ignore"],
      env: {
        ...environment,
        PGHOST: host,
        PGPORT: String(port),
        PGUSER: user,
        PGDATABASE: database,
      },
    });
    const end = () => void (child.pid !== undefined && process.kill(-child.pid, "SIGKILL"));
    const onAbort = () => {
      if (child.exitCode === null) end();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.length > longestOutput && child.exitCode === null) end();
    });
    child.once("error", reject);
    child.once("close", (code, ended) => {
      signal.removeEventListener("abort", onAbort);
      if (output.length > longestOutput) reject(new Error("the output of the command is too long"));
      else if (code === 0) resolve(output);
      else reject(new Error(`the command ended with ${code ?? ended}`));
    });
  });
}
