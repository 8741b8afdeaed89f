import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { repository } from "./repository.ts";

/** The result of running a program. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Variables that would change what the tool does. A test that needs one sets it. */
const unwanted = new Set([
  ...["DATABASE_URI", "DATABASE_URL", "TENANTS", "SERVICE", "NODE_ENV", "FORCE_COLOR"],
]);

/** The environment of this process, as it was before any test changed it. */
const inherited: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || unwanted.has(name) ? [] : [[name, value]],
  ),
);

/** The environment of a program: that of this process, without the variables that change what the tool does. */
export function cleanEnvironment(more: Readonly<Record<string, string>> = {}) {
  return { ...inherited, NO_COLOR: "1", ...more };
}

let busy = false;

/** True while `runInProcess` is running. A process has only one current folder and one environment. */
export function isBusy(): boolean {
  return busy;
}

/**
 * Runs the built command line in this process. Until it ends, it has the current folder, the environment, standard
 * output and standard error to itself. Its modules, including drizzle-kit, stay loaded for the next run.
 */
export async function runInProcess(
  cwd: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<CliResult> {
  if (busy) throw new Error("another run is in progress in this process");
  busy = true;
  const before = { cwd: process.cwd(), environment: { ...process.env } };
  const [stdout, stderr] = [capture(process.stdout), capture(process.stderr)];
  try {
    const main = join(repository, "dist/cli/main.js");
    const { run }: { run(argv: readonly string[]): Promise<number> } = await import(
      pathToFileURL(join(repository, "dist/cli/run.js")).href
    );
    process.chdir(cwd);
    setEnvironment(environment);
    const code = await run([process.execPath, main, ...args]);
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    for (const stream of [stdout, stderr]) stream.restore();
    process.chdir(before.cwd);
    setEnvironment(before.environment);
    busy = false;
  }
}

function setEnvironment(wanted: Readonly<Record<string, string | undefined>>): void {
  for (const name of Object.keys(process.env)) if (!(name in wanted)) delete process.env[name];
  for (const [name, value] of Object.entries(wanted))
    if (value !== process.env[name]) process.env[name] = value;
}

type Written = string | Uint8Array;
type Callback = (error?: Error | null) => void;

/** Captures what is written to a stream, instead of writing it. */
function capture(stream: NodeJS.WriteStream) {
  const chunks: Buffer[] = [];
  const original = Object.getOwnPropertyDescriptor(stream, "write");
  const write = (chunk: Written, encoding?: BufferEncoding | Callback, done?: Callback) => {
    const callback = typeof encoding === "function" ? encoding : done;
    chunks.push(
      typeof chunk === "string"
        ? Buffer.from(chunk, typeof encoding === "string" ? encoding : "utf8")
        : Buffer.from(chunk),
    );
    if (callback !== undefined) process.nextTick(callback);
    return true;
  };
  Object.defineProperty(stream, "write", { value: write, configurable: true, writable: true });
  return {
    text: () => Buffer.concat(chunks).toString("utf8"),
    restore: () => {
      Reflect.deleteProperty(stream, "write");
      if (original !== undefined) Object.defineProperty(stream, "write", original);
    },
  };
}
