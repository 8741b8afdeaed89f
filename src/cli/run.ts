import { CommanderError } from "commander";
import { addStandardSecrets, maskSecrets } from "../config/secrets.ts";
import { type FleetError, isFleetError, messageOf } from "../core/errors.ts";
import { errorText } from "../report/errors.ts";
import { wasInterrupted } from "./context.ts";
import { exitCode, exitCodeOf } from "./exit-codes.ts";
import { printText, writeLine, writeNote, writeUsageOf } from "./output.ts";
import { programOf } from "./program.ts";

/** Runs one verb, reports an error that ends it, and returns the exit code. `argv` is as `process.argv`. */
export async function run(argv: readonly string[]): Promise<number> {
  let code: number = exitCode.done;
  const finish = (ended: number) => {
    code = ended;
  };
  const program = programOf(finish);
  writeUsageOf(program);
  try {
    await program.parseAsync([...argv]);
    return code;
  } catch (error) {
    return await failed(error, argv);
  }
}

async function failed(error: unknown, argv: readonly string[]): Promise<number> {
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
  // Onboarding that was interrupted is undone, and says so by its error.
  return wasInterrupted() && error.code === "onboarding"
    ? exitCode.interrupted
    : exitCodeOf(error.code);
}

/** What comes after `--` is another program's. */
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

/** The last line of `--json` when the verb did not come to its result. */
function errorDocument(error: unknown): unknown {
  addStandardSecrets(process.env);
  if (error instanceof CommanderError) {
    const message = maskSecrets(error.message.replace(/^error: /, ""));
    const remedy = "Run it with --help for usage.";
    return { type: "error", code: "usage", message, where: null, remedy, problems: [] };
  }
  const text = (one: string | undefined) => (one === undefined ? null : maskSecrets(one));
  if (!isFleetError(error)) return { type: "error", code: "bug", message: text(messageOf(error)) };
  const told = ({ code, message, where, remedy }: FleetError) => ({
    ...{ code, message: text(message), where: text(where), remedy: text(remedy) },
  });
  return { type: "error", ...told(error), problems: error.problems.map(told) };
}

/** An error that nobody foresaw: its trace helps whoever reads the report, and nobody else. */
function trace(error: unknown): string {
  const wanted = (process.env.DRIZZLE_FLEET_DEBUG ?? "") !== "";
  if (wanted && error instanceof Error) return `${error.stack}\n`;
  return "-> This is a bug in drizzle-fleet. Please report it, with what DRIZZLE_FLEET_DEBUG=1 adds.\n";
}
