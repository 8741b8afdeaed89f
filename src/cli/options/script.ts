import { type Command, Option } from "commander";
import { FleetError } from "../../core/errors.ts";
import type { Offline } from "../../fleet/offline.ts";
import { groups } from "../help/sections.ts";
import { writeScriptPiece } from "../output.ts";
import { given } from "./rollout.ts";

/** Options of the verbs that can write an SQL script instead of running. */
export interface ScriptOptions {
  /** True without a folder. */
  readonly sql?: string | true;
  readonly from?: string;
  readonly contract?: boolean;
}

/** Options without a meaning for a script: it has no waves, no outcomes and no report. */
const notWithSql = [
  ...["dryRun", "json", "verbose", "quiet", "failed", "canary", "wave", "soak", "verify"],
  ...["onError", "maxFailures", "concurrency", "requireNoDrift"],
  ...["preflight", "failing", "rehearse", "rehearseUpTo", "diskFree"],
];

export function addScriptOptions(command: Command): Command {
  return command
    .optionsGroup(groups.script)
    .addOption(
      new Option(
        "--sql [folder]",
        "write SQL for psql instead of running it: to standard output, or to a file per target",
      ).conflicts(notWithSql),
    )
    .option(
      "--from <tag>",
      "with --sql: do not connect; assume that targets are at this migration, or at base",
    );
}

/**
 * Where and how to write the script; undefined without --sql.
 *
 * @throws FleetError `usage` for --from without --sql, or with --contract
 */
export function scriptOf({ sql, from, contract }: ScriptOptions): Offline | undefined {
  if (from !== undefined && contract === true)
    throw new FleetError("usage", "--contract cannot be combined with --from", {
      remedy:
        "Omit --from: only the ledgers show which contracts are ripe. To write all contracts, use --contract-all.",
    });
  if (sql === undefined && from === undefined) return undefined;
  if (sql === undefined)
    throw new FleetError("usage", "--from requires --sql", {
      remedy:
        "Add --sql, or omit --from: without --sql, the ledgers show which migration each target is at.",
    });
  return {
    ...given("from", from),
    ...(sql === true ? {} : { folder: sql }),
    write: writeScriptPiece,
  };
}
