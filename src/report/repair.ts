import { counted } from "../core/count.ts";
import type { Outcome } from "../core/outcome.ts";
import { shortened } from "../core/visible.ts";
import { indent } from "./errors.ts";
import { failedTargets, failuresText } from "./failures.ts";

/** The longest diff that is shown, in characters. */
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

/** Each edited migration, with its diff if a commit has the applied text. */
export function editedText(edited: readonly Edited[]): string {
  return edited
    .map(({ file, recorded, onDisk, targets, diff }) =>
      [
        `${file} was edited after ${counted(targets, "target")} had applied it.`,
        diff === undefined
          ? `  applied ${recorded.slice(0, 12)}..., on disk ${onDisk.slice(0, 12)}...; no commit contains the applied text`
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
