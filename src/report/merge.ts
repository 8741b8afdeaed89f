interface Named {
  readonly from: string;
  readonly to: string;
}

/** What became of each service's branches. */
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
      const files = restored.map((file) => `  ${file} now has what both branches recorded`);
      if (merge === undefined)
        return [`${service}: no open branches, nothing to merge`, ...files].join("\n");
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
          (file) => `  ${file} was edited by hand and is kept: check that it is still right`,
        ),
        ...problems.map(({ message, where }) => `  ${where}: ${message}: correct it`),
        ...(unproved === undefined ? [] : [`  not tried on a server: ${unproved}`]),
        ...(moreOpen ? [`  another branch is open: run drizzle-fleet merge ${service} again`] : []),
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
    "  Both branches are applied to some tenants, and can run in either order. Apply what each tenant is missing:",
    `  drizzle-fleet migrate --service ${service} --allow-out-of-order`,
  ].join("\n");
}
