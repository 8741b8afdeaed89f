interface Named {
  readonly from: string;
  readonly to: string;
}

/** The result of a merge, per service. */
export function mergedText(
  merged: readonly {
    readonly service: string;
    readonly merge:
      | {
          readonly kept: readonly string[];
          readonly moved: readonly Named[];
          readonly renamed: readonly Named[];
          readonly joinedBy: string | undefined;
          readonly bothApplied: boolean;
          readonly moreOpen: boolean;
          readonly editedDowns: readonly string[];
        }
      | undefined;
    readonly problems: readonly { readonly message: string; readonly where?: string | undefined }[];
    readonly unproved: string | undefined;
    readonly restored: readonly string[];
  }[],
): string {
  return merged
    .map(({ service, merge, restored, problems, unproved }) => {
      const files = restored.map((file) => `  ${file} now contains the records of both branches`);
      if (merge === undefined) return [`${service}: nothing to merge`, ...files].join("\n");
      const { kept, moved, renamed, joinedBy, bothApplied, moreOpen, editedDowns } = merge;
      const first =
        joinedBy === undefined
          ? [`${service}: after ${kept.at(-1)}:`, ...moved.map(line)]
          : [
              `${service}: ${joinedBy} follows both ${kept.at(-1)} and ${moved.at(-1)?.to}`,
              ...moved.filter(({ from, to }) => from !== to).map(line),
            ];
      return [
        ...first,
        ...renamed.map(line),
        ...files,
        ...editedDowns.map(
          (file) => `  ${file} was edited by hand, and is kept: check that it is still correct`,
        ),
        ...problems.map(({ message, where }) => `  fix ${where}: ${message}`),
        ...(unproved === undefined ? [] : [`  not run on a server: ${unproved}`]),
        ...(moreOpen ? [`  another branch is open; run: npx drizzle-fleet merge ${service}`] : []),
        ...(bothApplied ? [missing(service)] : []),
      ].join("\n");
    })
    .join("\n");
}

function line({ from, to }: Named): string {
  return from === to ? `  ${from}` : `  ${from} is now ${to}`;
}

function missing(service: string): string {
  return [
    "  Each branch is applied to some tenants, and they can run in either order. To apply the missing migrations, run:",
    `  npx drizzle-fleet migrate ${service} --allow-out-of-order`,
  ].join("\n");
}
