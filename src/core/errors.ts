import type { FaultIdentity } from "./fault.ts";

/** The kind of an error. The command line turns it into an exit code (`cli/exit-codes.ts`). */
export type FleetErrorCode =
  /** Arguments or options that are invalid, missing, or contradict each other. */
  | "usage"
  /** The configuration, the environment, or the settings of a database or role. */
  | "config"
  /** The files of a migrations folder: missing, damaged or inconsistent. */
  | "journal"
  /** SQL that PostgreSQL cannot parse, or text that is not UTF-8. */
  | "syntax"
  /** SQL that leaves its tenant, or that cannot be proved to stay in it. */
  | "isolation"
  /** The Drizzle schema: invalid, or different from the migrations. */
  | "schema"
  /** Possible renames that were not decided. */
  | "rename"
  /** Files that cannot be written. */
  | "write"
  /** A down that is missing, empty, or not possible. */
  | "down"
  /** A migration that was edited after it was released. */
  | "edited"
  /** A migration or a history that failed its proof. */
  | "proof"
  /** A statement of a migration that harms running tenants, as `lint` finds it. */
  | "lint"
  /** Branches that cannot be merged. */
  | "merge"
  /** A tenant whose state does not allow the operation, or that does not exist. */
  | "tenant"
  /** An operation on a tenant that failed, or that was completed only in part. */
  | "onboarding"
  /** A database that cannot be reached. */
  | "unreachable"
  /** Another run that must end first. */
  | "busy"
  /** An operation or a text that PostgreSQL or drizzle-fleet does not accept. */
  | "refused"
  /** The embedded PostgreSQL of `dev`. */
  | "embedded"
  /** The user ended the command: with Ctrl-C or a signal, or with Ctrl-D at a prompt. */
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

/**
 * An error that says what happened (`message`), where (`where`, `excerpt`), and what to do next (`remedy`). If several
 * problems are reported at once, `problems` lists them, each with its own place and remedy. Any other error is a bug in
 * drizzle-fleet.
 *
 * @example
 * try {
 *   await migrate(context, request);
 * } catch (error) {
 *   if (!isFleetError(error)) throw error;
 *   report(error.code, error.message, error.remedy ?? "");
 * }
 */
export class FleetError extends Error {
  override readonly name = "FleetError";
  /** True for an error from another copy of this package, too. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isFleetError(value);
  }

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

/**
 * Recognizes a FleetError. Unlike `instanceof`, it also works for an error from another copy of this package.
 *
 * @param error any thrown value
 * @returns true for a FleetError
 * @example
 * if (isFleetError(error) && error.code === "unreachable") return retryLater();
 */
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
