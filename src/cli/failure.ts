import { CommanderError } from "commander";
import { addStandardSecrets, maskSecrets } from "../config/secrets.ts";
import { type FleetError, type FleetErrorCode, isFleetError, messageOf } from "../core/errors.ts";
import { errorText } from "../report/errors.ts";
import { type ExitCode, exitCode, exitCodeOf } from "./exit-codes.ts";
import { wasInterrupted } from "./interruption.ts";
import { printText, writeLine, writeNote } from "./output.ts";

/** Reports the error that ended a verb, and returns the exit code. */
export async function reportFailure(error: unknown, argv: readonly string[]): Promise<ExitCode> {
  if (error instanceof CommanderError && error.exitCode === 0) return exitCode.done;
  if (wantsJson(argv)) writeLine(errorDocument(error));
  if (error instanceof CommanderError) return exitCode.usage;
  if (wasInterrupted() && !isFleetError(error)) return exitCode.interrupted;
  addStandardSecrets(process.env);
  if (!isFleetError(error)) {
    writeNote(maskSecrets(`error: ${messageOf(error)}\n${trace(error)}`));
    return exitCode.failed;
  }
  await printText(maskSecrets(`error: ${errorText(error)}`), process.stderr);
  // An interrupted onboarding is undone, and its error reports that.
  return wasInterrupted() && error.code === "onboarding"
    ? exitCode.interrupted
    : exitCodeOf(error.code);
}

/**
 * True if the command line asks for JSON. Commander cannot answer this: an option with a wrong value ends the parsing
 * before it has seen a later --json. Everything after `--` belongs to another program.
 */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  const own = end === -1 ? argv : argv.slice(0, end);
  return own.some(
    (word, index) =>
      word === "--json" ||
      word === "--format=json" ||
      (word === "json" && own[index - 1] === "--format"),
  );
}

/** The last line of `--json` if the verb has no result. */
export type ErrorDocument = { readonly type: "error" } & (
  | (ShownError & { readonly problems: readonly ShownError[] })
  | { readonly code: "bug"; readonly message: string }
);

interface ShownError {
  readonly code: FleetErrorCode;
  readonly message: string;
  /** The place: a file, `file:line:column`, or a path inside the configuration. */
  readonly where: string | null;
  /** What to do next: a sentence, or a command to run. */
  readonly remedy: string | null;
}

function errorDocument(error: unknown): ErrorDocument {
  addStandardSecrets(process.env);
  if (error instanceof CommanderError) {
    const message = maskSecrets(error.message.replace(/^error: /, ""));
    const remedy = "Run the command with --help for usage.";
    return { type: "error", code: "usage", message, where: null, remedy, problems: [] };
  }
  const text = (one: string | undefined) => (one === undefined ? null : maskSecrets(one));
  if (!isFleetError(error))
    return { type: "error", code: "bug", message: maskSecrets(messageOf(error)) };
  const problem = ({ code, message, where, remedy }: FleetError) => ({
    ...{ code, message: maskSecrets(message), where: text(where), remedy: text(remedy) },
  });
  return { type: "error", ...problem(error), problems: error.problems.map(problem) };
}

/** What follows an unexpected error: its stack trace if requested, otherwise how to report it. */
function trace(error: unknown): string {
  const wanted = (process.env.DRIZZLE_FLEET_DEBUG ?? "") !== "";
  if (wanted && error instanceof Error) return `${error.stack}\n`;
  return "-> This is a bug in drizzle-fleet. Set DRIZZLE_FLEET_DEBUG=1, run the command again, and report the output.\n";
}
