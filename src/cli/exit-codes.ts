import type { FleetErrorCode } from "../core/errors.ts";

/** The exit codes of the process. Scripts rely on these numbers. */
export const exitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  found: 3,
  drift: 4,
  permanent: 5,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** What each exit code means, as the help of drizzle-fleet and the README explain it. */
export const exitCodeMeanings: Readonly<Record<ExitCode, string>> = {
  0: "done, or nothing to do",
  1: "failed, but a retry may help: an unreachable database, a lock, another run in progress",
  2: "invalid usage, configuration or migration files; nothing was applied",
  3: "check, lint, preflight or a proof found a problem, or generate wrote an unfinished file",
  4: "drift found a tenant whose schema is not what its ledger says",
  5: "failed, and a retry cannot help: an error in a migration, or a problem of a target",
  130: "interrupted by a signal, or at a prompt",
};

/** The exit code of every kind of error. */
export const exitCodesOfErrors = {
  usage: exitCode.usage,
  config: exitCode.usage,
  journal: exitCode.usage,
  syntax: exitCode.usage,
  isolation: exitCode.usage,
  schema: exitCode.usage,
  rename: exitCode.usage,
  write: exitCode.usage,
  down: exitCode.usage,
  edited: exitCode.usage,
  proof: exitCode.usage,
  lint: exitCode.usage,
  merge: exitCode.usage,
  tenant: exitCode.usage,
  refused: exitCode.usage,
  onboarding: exitCode.failed,
  unreachable: exitCode.failed,
  busy: exitCode.failed,
  embedded: exitCode.failed,
  interrupted: exitCode.interrupted,
} as const satisfies Record<FleetErrorCode, ExitCode>;

/** The exit code of an error that ended a verb. */
export function exitCodeOf(code: FleetErrorCode): ExitCode {
  // A second copy of this package, of another version, may throw a code that is unknown here.
  return exitCodesOfErrors[code] ?? exitCode.usage;
}
