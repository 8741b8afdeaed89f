import type { Command } from "commander";
import { groups } from "../help/sections.ts";

/** Options of the verbs that prove migrations on a server before they write them. */
export interface ProofFlags {
  readonly proof?: boolean;
  readonly database?: string;
}

export function addProofOptions(command: Command): Command {
  return command
    .optionsGroup(groups.proof)
    .option("--no-proof", "do not run the migrations and their downs on a server first")
    .option("--database <url>", "run them in scratch schemas of this database (default: embedded)");
}
