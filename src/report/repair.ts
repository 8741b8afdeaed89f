import { counted, shortList } from "../core/count.ts";
import type { Outcome } from "../core/outcome.ts";
import { shortened } from "../core/visible.ts";
import { indent } from "./errors.ts";
import { failedTargets, failuresText } from "./failures.ts";

/** A longer diff is shortened. In characters. */
const longestDiff = 20_000;

interface Edited {
  readonly service: string;
  readonly tag: string;
  readonly file: string;
  readonly recorded: string;
  readonly onDisk: string;
  readonly targetNames: readonly string[];
  readonly diff: { readonly commit: string; readonly text: string } | undefined;
}

/** What a repair would accept: each edited migration and its changes, if they are known. */
export function editedText(edited: readonly Edited[]): string {
  return edited
    .map(({ file, recorded, onDisk, targetNames, diff }) =>
      [
        `${file} was edited after it was applied to ${counted(targetNames.length, "target")}: ${shortList(targetNames)}`,
        diff === undefined
          ? `  applied ${recorded.slice(0, 12)}..., on disk ${onDisk.slice(0, 12)}...; no commit contains the applied version`
          : indent(
              `changes since it was applied (commit ${diff.commit}):\n${shortened(diff.text, longestDiff)}`,
            ),
        "",
      ].join("\n"),
    )
    .join("\n");
}

/** The result of a repair. */
export function repairText(outcomes: readonly Outcome[]): string {
  const failed = failedTargets(outcomes);
  const done = outcomes.filter(({ status }) => status === "succeeded").length;
  const verdict = `${counted(done, "ledger")} now ${done === 1 ? "has" : "have"} the checksums of the files on disk`;
  const rest = failed.length > 0 ? `; ${counted(failed.length, "target")} failed` : "";
  return [...failuresText(failed), `${verdict}${rest}.`].join("\n");
}
