import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** A process of this machine. */
export interface Process {
  readonly pid: number;
  /** The program with its arguments; empty for a dead process that its parent has not asked for yet. */
  readonly commandLine: string;
}

/** The processes of this machine: from /proc on Linux, whose small images have no `ps`; elsewhere from `ps`. */
export async function runningProcesses(): Promise<Process[]> {
  if (existsSync("/proc/self/cmdline")) return fromProc();
  const { stdout } = await promisify(execFile)("ps", ["-eo", "pid=,stat=,args="]);
  return stdout.split("\n").flatMap((line) => {
    const [, pid, state = "", commandLine = ""] = /^ *(\d+) +(\S+) +(.*)$/.exec(line) ?? [];
    return pid === undefined
      ? []
      : { pid: Number(pid), commandLine: state.startsWith("Z") ? "" : commandLine };
  });
}

async function fromProc(): Promise<Process[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = pids.map(async (pid) => {
    // A process may end while its file is read.
    const text = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    return { pid: Number(pid), commandLine: text.replaceAll("\0", " ").trim() };
  });
  return Promise.all(found);
}
