import type { Merged } from "../../operations/merge.ts";
import { createContext } from "../context.ts";
import { type ExitCode, exitCode } from "../exit-codes.ts";
import { groups } from "../help/sections.ts";
import { addCommonOptions } from "../options/common.ts";
import { addProofOptions, type ProofFlags } from "../options/proof.ts";
import { addServices, type ServiceOptions } from "../options/selection.ts";
import { printResult } from "../output.ts";
import { newVerb, type Verb } from "../verb.ts";

interface MergeOptions extends ServiceOptions, ProofFlags {
  readonly offline?: boolean;
}

export function mergeVerb(): Verb {
  const command = newVerb("merge", {
    summary: "merge two git branches that each added migrations",
    details: `
Run it after git merge has stopped on conflicts, and leave git's conflict markers in the journal, the snapshots,
checksums.json, proofs.json and accepted.json.

The younger branch gets the next numbers, unless a tenant has applied its migrations. If tenants have applied both
branches, both keep their names. If the branches conflict, merge reports the conflict and writes nothing.`,
    examples: [
      ["merge the migrations of every service", "npx drizzle-fleet merge"],
      ["then mark git's conflicts as resolved", "git add --all"],
      ["merge without connecting to databases", "npx drizzle-fleet merge auth --offline"],
    ],
    exitCodes: {
      0: "merged, or nothing to merge",
      1: "a database is unreachable",
      2: "a conflict, invalid usage or configuration; nothing was written",
      130: true,
    },
    page: "migrations.md",
  });
  command
    .optionsGroup(groups.options)
    .option("--offline", "do not ask the databases which migrations are applied");
  return { command: addCommonOptions(addServices(addProofOptions(command))), run: runMerge };
}

async function runMerge(_: string[], options: MergeOptions): Promise<ExitCode> {
  const { merge } = await import("../../operations/merge.ts");
  const { mergedText } = await import("../../report/merge.ts");
  const { proof, database, offline, service: services = [] } = options;
  const context = await createContext(options, "end");
  const merged = await merge(context, services, offline === true, {
    proof: proof !== false,
    database,
  });
  await printResult(options, { merged: merged.map(documentOf) }, mergedText(merged));
  return exitCode.done;
}

function documentOf({ problems, ...merged }: Merged): unknown {
  const shown = problems.map(({ code, message, where }) => ({ code, message, where }));
  return { ...merged, problems: shown };
}
