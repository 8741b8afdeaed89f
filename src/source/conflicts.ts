/** One of the two versions in a merge conflict, in git's words. */
export type Side = "ours" | "theirs";

type Section = "both" | "base" | Side;

/** For each section of a file: the markers that can end it, and the section that each of them begins. */
const following: Readonly<Record<Section, ReadonlyMap<string, Section>>> = {
  both: new Map([["<", "ours"]]),
  ours: new Map([
    ["|", "base"],
    ["=", "theirs"],
  ]),
  base: new Map([["=", "theirs"]]),
  theirs: new Map([[">", "both"]]),
};

/** Exactly seven characters: git writes longer markers around conflicts between the ancestors themselves. */
const marker = /^(<{7}|\|{7}|={7}|>{7})(?= |\r?\n|$)/;

/**
 * Splits a file that git left with conflict markers, in any of its styles (merge, diff3, zdiff3), into two versions.
 * Text outside of the conflicts belongs to both, including text that git resolved by itself. Git ends each side with
 * a line break before it writes the next marker. A version that ended without a line break therefore gets one if a
 * conflict reaches the end of the file.
 *
 * @returns the two versions, or undefined if there are no markers or they are not in git's order
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
