interface Renaming {
  readonly from: string;
  readonly to: string;
}

/** The merge of two branches of one service. */
interface BranchMerge {
  readonly kept: readonly string[];
  readonly moved: readonly Renaming[];
  readonly renamed: readonly Renaming[];
  readonly joinedBy: string | undefined;
  readonly bothApplied: boolean;
  readonly moreOpen: boolean;
  readonly editedDowns: readonly string[];
}

interface MergedService {
  readonly service: string;
  /** Undefined if no branches were open. */
  readonly merge: BranchMerge | undefined;
  readonly problems: readonly { readonly message: string; readonly where?: string | undefined }[];
  readonly unproved: string | undefined;
  readonly restored: readonly string[];
}

/** The result of merging the branches of each service. */
export function mergedText(merged: readonly MergedService[]): string {
  return merged.map(serviceText).join("\n");
}

function serviceText({ service, merge, restored, problems, unproved }: MergedService): string {
  const files = restored.map((file) => `  ${file} now has the entries of both branches`);
  if (merge === undefined)
    return [`${service}: no open branches, nothing to merge`, ...files].join("\n");
  const { renamed, bothApplied, moreOpen, editedDowns } = merge;
  return [
    ...orderText(service, merge),
    ...renamed.map(renamingText),
    ...files,
    ...editedDowns.map(
      (file) => `  ${file} was edited by hand and is kept: check that it is still correct`,
    ),
    ...problems.map(({ message, where }) => `  fix ${where}: ${message}`),
    ...(unproved === undefined ? [] : [`  not proved: ${unproved}`]),
    ...(moreOpen
      ? [`  another branch is open. To merge it, run: npx drizzle-fleet merge ${service}`]
      : []),
    ...(bothApplied ? [bothAppliedText(service)] : []),
  ].join("\n");
}

/** The new order of the migrations of both branches. */
function orderText(service: string, { kept, moved, joinedBy }: BranchMerge): string[] {
  if (joinedBy === undefined)
    return [`${service}: after ${kept.at(-1)}:`, ...moved.map(renamingText)];
  return [
    `${service}: ${joinedBy} follows both ${kept.at(-1)} and ${moved.at(-1)?.to}`,
    ...moved.filter(({ from, to }) => from !== to).map(renamingText),
  ];
}

function renamingText({ from, to }: Renaming): string {
  return from === to ? `  ${from}` : `  ${from} is now ${to}`;
}

function bothAppliedText(service: string): string {
  return [
    "  Both branches are already applied to some tenants, and can run in either order. To apply what each tenant is missing, run:",
    `  npx drizzle-fleet migrate --service ${service} --allow-out-of-order`,
  ].join("\n");
}
