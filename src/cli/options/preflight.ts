import type { Command } from "commander";
import type { RehearsalRequest } from "../../core/preflight.ts";
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
