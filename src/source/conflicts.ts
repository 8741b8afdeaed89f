/** One of the two versions that a conflict is between. */
export type Side = "ours" | "theirs";

type Section = "both" | "base" | Side;

/** The parts of a file in the only order in which git's markers lead from one to the next. */
const following: Readonly<Record<Section, ReadonlyMap<string, Section>>> = {
  both: new Map([["<", "ours"]]),
  ours: new Map([
    ["|", "base"],
    ["=", "theirs"],
  ]),
  base: new Map([["=", "theirs"]]),
  theirs: new Map([[">", "both"]]),
};

/** Seven characters, no more: git writes longer ones around conflicts between the ancestors themselves. */
const marker = /^(<{7}|\|{7}|={7}|>{7})(?= |\r?\n|$)/;

/**
 * Splits a file that git left with conflict markers, in any of its styles (merge, diff3, zdiff3), into its two
 * versions. Text outside of the conflicts belongs to both, also where git took it from one side alone. Git ends
 * every side with a line break before it writes the next marker: where a conflict reaches the end of the file, a
 * version that ended without one comes back with one.
 *
 * @returns the two versions, or undefined when there are no markers or they are not in git's order
 */
export function splitConflicts(
  text: string,
): { readonly ours: string; readonly theirs: string } | undefined {
  let part: Section = "both";
  let marked = false;
  let ours = "";
  let theirs = "";
  for (const line of text.split(/(?<=\n)/)) {
    const mark = marker.exec(line)?.[1]?.charAt(0);
    if (mark !== undefined) {
      const next: Section | undefined = following[part].get(mark);
      if (next === undefined) return undefined;
      part = next;
      marked = true;
      continue;
    }
    if (part === "both" || part === "ours") ours += line;
    if (part === "both" || part === "theirs") theirs += line;
  }
  return part === "both" && marked ? { ours, theirs } : undefined;
}
