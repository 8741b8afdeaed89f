/** What became of each service's branches. */
export function mergedText(
  merged: readonly {
    readonly service: string;
    readonly merge:
      | {
          readonly kept: readonly string[];
          readonly moved: readonly { readonly from: string; readonly to: string }[];
        }
      | undefined;
  }[],
): string {
  return merged
    .map(({ service, merge }) => {
      if (merge === undefined) return `${service}: one line, nothing to merge`;
      const behind = merge.kept.at(-1);
      const lines = merge.moved.map(({ from, to }) =>
        from === to ? `  ${from}` : `  ${from} is now ${to}`,
      );
      return [`${service}: behind ${behind} come`, ...lines].join("\n");
    })
    .join("\n");
}
