import { counted } from "../core/count.ts";
import type { Outcome } from "../core/outcome.ts";
import { shortened } from "../core/visible.ts";
import { indent } from "./errors.ts";
import { failedTargets, failuresText } from "./failures.ts";

/** More characters of a diff than this are counted, not shown. */
const longestDiff = 20_000;

interface Edited {
  readonly service: string;
  readonly tag: string;
  readonly file: string;
  readonly recorded: string;
  readonly onDisk: string;
  readonly targets: number;
  readonly diff: { readonly commit: string; readonly text: string } | undefined;
}

/** What a repair would accept: each edited migration, with what was changed where that is known. */
export function editedText(edited: readonly Edited[]): string {
  return edited
    .map(({ file, recorded, onDisk, targets, diff }) =>
      [
        `${file} was edited after ${counted(targets, "target")} had applied it.`,
        diff === undefined
          ? `  applied ${recorded.slice(0, 12)}..., on disk ${onDisk.slice(0, 12)}...; no commit has the applied text`
          : indent(
              `as applied (commit ${diff.commit}), and as it is now:\n${shortened(diff.text, longestDiff)}`,
            ),
        "",
      ].join("\n"),
    )
    .join("\n");
}

/** What a repair did. */
export function repairText(outcomes: readonly Outcome[]): string {
  const failed = failedTargets(outcomes);
  const done = outcomes.filter(({ status }) => status === "succeeded").length;
  const verdict = `${counted(done, "ledger")} now ${done === 1 ? "has" : "have"} the checksums of the files on disk`;
  const rest = failed.length > 0 ? `; ${counted(failed.length, "target")} failed` : "";
  return [...failuresText(failed), `${verdict}${rest}.`].join("\n");
}
