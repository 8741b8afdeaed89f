import { exitCode } from "./exit-codes.ts";
import { reportFailure } from "./failure.ts";
import { programOf } from "./program.ts";

async function warmUp(): Promise<void> {
  const { startCompiler } = await import("../config/compiler.ts");
  await startCompiler();
}

/** Runs one verb, reports an error that ends it, and returns the exit code. `argv` has the form of `process.argv`. */
export async function run(argv: readonly string[]): Promise<number> {
  let code: number = exitCode.done;
  const program = programOf(async (verb) => {
    // Starts while the verb is loaded. If it fails, it fails again when the configuration is read, with a clear error.
    warmUp().catch(() => undefined);
    code = await verb();
  });
  try {
    await program.parseAsync([...argv]);
    return code;
  } catch (error) {
    return await reportFailure(error, argv);
  }
}
