import { exitCode } from "./exit-codes.ts";
import { reportFailure } from "./failure.ts";
import { programOf } from "./program.ts";

/** Runs one verb, reports an error that ends it, and returns the exit code. `argv` has the form of `process.argv`. */
export async function run(argv: readonly string[]): Promise<number> {
  let code: number = exitCode.done;
  const program = programOf(async (verb) => {
    code = await verb();
  });
  try {
    await program.parseAsync([...argv]);
    return code;
  } catch (error) {
    return await reportFailure(error, argv);
  }
}
