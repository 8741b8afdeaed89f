import { Option } from "commander";
import type { CiProvider } from "../../operations/init-ci.ts";
import { type ExitCode, exitCode } from "../exit-codes.ts";
import type { CommonOptions } from "../options/common.ts";
import { printResult } from "../output.ts";

/** `init --ci` writes a pipeline and nothing else, so it accepts no option of the rest of `init`. */
export function ciOption(): Option {
  return new Option("--ci <provider>", "only write a pipeline that runs check")
    .choices(["github", "gitlab"])
    .conflicts(["service", "tenantSchema", "singleSchema", "tenants", "drizzleTable"]);
}

export async function writePipeline(
  provider: CiProvider,
  options: CommonOptions,
): Promise<ExitCode> {
  const { initCi } = await import("../../operations/init-ci.ts");
  const written = await initCi(provider, options.config);
  await printResult(options, written, textOf(provider, written.file, written.inRepository));
  return exitCode.done;
}

function textOf(provider: CiProvider, file: string, inRepository: string): string {
  const next =
    provider === "github"
      ? "Commit it. GitHub then checks every pull request."
      : `To use it, add to .gitlab-ci.yml:\n  include:\n    - local: ${inRepository}`;
  return `${file} was written. It is yours to change.\n${next}`;
}
