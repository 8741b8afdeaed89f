import { type Command, Option } from "commander";
import type { RehearsalRequest } from "../../core/preflight.ts";
import type { FailingPolicy } from "../../preflight/before-rollout.ts";
import { groups } from "../help/sections.ts";
import { given } from "./rollout.ts";
import { sizeValue } from "./values.ts";

/** Options of the verbs that check a plan before it runs. */
export interface PreflightOptions {
  readonly rehearse?: boolean;
  readonly rehearseUpTo?: number;
  readonly diskFree?: number;
}

export function addPreflightOptions(command: Command): Command {
  return command
    .optionsGroup(groups.preflight)
    .option("--rehearse", "run pending migrations and roll them back, where tables are small")
    .option(
      "--rehearse-up-to <size>",
      "rehearse only where no table is larger than this (default: 100MB)",
      sizeValue,
    )
    .option("--disk-free <size>", "free space on the server's disk, such as 20GB", sizeValue);
}

/** Tables of this size in bytes are small. */
const smallTable = 100e6;

export function rehearsalOf({
  rehearse,
  rehearseUpTo,
  diskFree,
}: PreflightOptions): RehearsalRequest {
  const isRehearsed = rehearse === true || rehearseUpTo !== undefined;
  return {
    ...given("rehearseUpTo", isRehearsed ? (rehearseUpTo ?? smallTable) : undefined),
    ...given("diskFree", diskFree),
  };
}

/** Options of `migrate`, which can check its targets first. */
export interface CheckOptions extends PreflightOptions {
  readonly preflight?: boolean;
  readonly failing?: FailingPolicy;
}

export function addCheckOptions(command: Command): Command {
  return addPreflightOptions(
    command
      .optionsGroup(groups.preflight)
      .option("--preflight", "check every target first, as preflight does")
      .addOption(
        new Option(
          "--failing <policy>",
          "with --preflight: stop, skip targets that would fail, or migrate them last (default: stop)",
        ).choices(["stop", "skip", "last"]),
      ),
  );
}

/** How to check first; undefined without --preflight. Each of the other options implies it. */
export function checkOf(
  options: CheckOptions,
): (RehearsalRequest & { readonly failing: FailingPolicy }) | undefined {
  const { preflight, failing, rehearse, rehearseUpTo, diskFree } = options;
  const isChecked = [preflight, failing, rehearse, rehearseUpTo, diskFree].some(
    (one) => one !== undefined,
  );
  return isChecked ? { failing: failing ?? "stop", ...rehearsalOf(options) } : undefined;
}
