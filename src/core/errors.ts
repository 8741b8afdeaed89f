import type { FaultIdentity } from "./fault.ts";

/** The kind of an error. The command line turns it into an exit code (`cli/exit-codes.ts`). */
export type FleetErrorCode =
  | "usage"
  | "config"
  | "journal"
  | "syntax"
  | "isolation"
  | "schema"
  | "rename"
  | "write"
  | "down"
  | "edited"
  | "proof"
  | "merge"
  | "tenant"
  | "onboarding"
  | "unreachable"
  | "busy"
  | "refused"
  | "embedded"
  /** The user ended the command: with Ctrl-C or a signal, or with Ctrl-D at a question. */
  | "interrupted";

export interface FleetErrorDetails {
  /** What to do next: a sentence, or a command to run. */
  remedy?: string;
  /** The place: a file, `file:line:column`, or a path inside the configuration. */
  where?: string;
  /** The source line with a caret under the spot, ready to print. */
  excerpt?: string;
  /** The individual problems, if several are reported at once. */
  problems?: readonly FleetError[];
  cause?: unknown;
  /** The identity of a fault that can be accepted in released migrations; see `FaultKind`. */
  identity?: FaultIdentity;
}

const brand = Symbol.for("drizzle-fleet.error");

/** An error that says what happened, where, and what to do next. Any other error is a bug in drizzle-fleet. */
export class FleetError extends Error {
  override readonly name = "FleetError";
  readonly [brand] = true;
  readonly code: FleetErrorCode;
  readonly remedy: string | undefined;
  readonly where: string | undefined;
  readonly excerpt: string | undefined;
  readonly problems: readonly FleetError[];
  readonly identity: FaultIdentity | undefined;

  constructor(code: FleetErrorCode, message: string, details: FleetErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.remedy = details.remedy;
    this.where = details.where;
    this.excerpt = details.excerpt;
    this.problems = details.problems ?? [];
    this.identity = details.identity;
  }
}

/** True for a FleetError, even if another copy of this package has thrown it. */
export function isFleetError(error: unknown): error is FleetError {
  return typeof error === "object" && error !== null && brand in error;
}

/**
 * Throws the collected problems: one as it is, several as a single error that lists them. Without problems it returns.
 *
 * @param problems what was found, each with its own place and remedy
 * @param summary the message if there are several
 */
export function throwProblems(problems: readonly FleetError[], summary: string): void {
  const [first, ...rest] = problems;
  if (first === undefined) return;
  if (rest.length === 0) throw first;
  throw new FleetError(first.code, summary, { problems });
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  // Node reports a host with several addresses as an AggregateError without a message of its own.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join("; ");
  if (error instanceof Error) return error.message;
  return error === undefined ? "something threw undefined" : String(error);
}
