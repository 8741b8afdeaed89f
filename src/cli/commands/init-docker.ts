import type { Command } from "commander";
import { type ExitCode, exitCode } from "../exit-codes.ts";
import { printResult } from "../output.ts";
import type { InitOptions } from "./init-answers.ts";

/** The options of `init` that --docker can be used with. */
const allowed = ["docker", "config", "json"];

/** Runs `init --docker`, which writes the files for a container image and nothing else. */
export async function runInitDocker(options: InitOptions, command: Command): Promise<ExitCode> {
  const other = command.options.find(
    (option) =>
      !allowed.includes(option.attributeName()) &&
      command.getOptionValueSource(option.attributeName()) === "cli",
  );
  if (other !== undefined)
    command.error(`error: --docker and ${other.long} cannot be used together`);
  const { writeDockerFiles } = await import("../../operations/init-docker.ts");
  const { dockerFilesText } = await import("../../report/init-docker.ts");
  const files = await writeDockerFiles(options.config);
  await printResult(options, files, dockerFilesText(files));
  return exitCode.done;
}
