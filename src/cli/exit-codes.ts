import type { FleetErrorCode } from "../core/errors.ts";

/** What the process ends with. Scripts rely on these numbers. */
export const exitCode = {
  done: 0,
  /** Some target failed, a database could not be reached, or another run is in the way. */
  failed: 1,
  /** Wrong usage, configuration or migration files: nothing was applied. */
  usage: 2,
  /** A check found something. */
  found: 3,
  interrupted: 130,
} as const;

/** The exit code of an error that ended an operation. */
export function exitCodeOf(code: FleetErrorCode): number {
  if (code === "interrupted") return exitCode.interrupted;
  return ["unreachable", "busy", "embedded", "onboarding"].includes(code)
    ? exitCode.failed
    : exitCode.usage;
}
