import { spawn, spawnSync } from "node:child_process";
import { chown } from "node:fs/promises";
import { FleetError } from "../core/errors.ts";

/**
 * Runs PostgreSQL's programs. PostgreSQL refuses to run as root, which is the usual user in containers: then it runs as
 * the user postgres or nobody.
 */
export interface Runner {
  /** Makes the user that runs the server the owner of a folder or file. */
  own(path: string): Promise<void>;
  /** Runs a program and returns its exit code and output. */
  run(
    program: string,
    args: readonly string[],
    environment?: Readonly<Record<string, string>>,
  ): Promise<{ code: number; output: string }>;
}

/**
 * @param program one of PostgreSQL's programs, to check whether the other user can reach it
 * @param folder the working folder, which must exist; afterwards the user that runs the programs owns it
 */
export async function createRunner(program: string, folder: string): Promise<Runner> {
  const user = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
  const own = async (path: string) =>
    user === undefined ? undefined : chown(path, user.uid, user.gid);
  await own(folder);
  const reachable = user === undefined || canReach(user, program, folder);
  return {
    own,
    run: (command, args, environment = {}) =>
      reachable
        ? execute(command, args, environment, { cwd: folder, ...user })
        : execute("setpriv", [...keepingFileAccess(user), command, ...args], environment, {
            cwd: folder,
          }),
  };
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

function unprivilegedUser(): User {
  for (const name of ["postgres", "nobody"]) {
    const [uid, gid] = ["-u", "-g"].map((flag) =>
      Number.parseInt(spawnSync("id", [flag, name]).stdout.toString(), 10),
    );
    if (uid !== undefined && gid !== undefined && uid > 0) return { uid, gid };
  }
  throw new FleetError(
    "embedded",
    "PostgreSQL does not run as root, and this system has no user postgres or nobody",
    {
      remedy: "Run the command as a user other than root, or set the databases' connection URLs.",
    },
  );
}

function canReach(user: User, program: string, folder: string): boolean {
  const result = spawnSync("test", ["-x", program, "-a", "-w", folder], {
    uid: user.uid,
    gid: user.gid,
    cwd: "/",
  });
  return result.status === 0;
}

/**
 * In a folder that only root can enter (a temporary one, or root's home), the other user keeps root's capability to
 * bypass file permissions. Needed and available on Linux only.
 */
function keepingFileAccess(user: User): string[] {
  return [
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    "--clear-groups",
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
    // Otherwise access(2), with which PostgreSQL looks for its own programs, would ignore the capability.
    "--securebits=+no_setuid_fixup",
    "--",
  ];
}

function execute(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  options: { cwd: string; uid?: number; gid?: number },
): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    // LC_ALL: messages in English, and a cluster with the same collation on every machine.
    const child = spawn(command, args, {
      ...options,
      env: { ...process.env, LC_ALL: "C", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", reject);
    // "exit", not "close": a server that pg_ctl started keeps the pipes open until it ends.
    child.on("exit", (code) => {
      resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() });
      child.stdout.destroy();
      child.stderr.destroy();
    });
  });
}
