import type { FleetError } from "../core/errors.ts";
import { messageText } from "../core/failure-text.ts";
import { shortened, visibleLine } from "../core/visible.ts";
import { oneLine } from "./wrap.ts";

/** Longer lists of problems or failures are cut, with a count of the rest. */
export const longestList = 20;

/** An error as text: what happened, where, the source line with a caret, and what to do. Lists all its problems. */
export function errorText(error: FleetError): string {
  if (error.problems.length === 0) return problemText(error);
  const shown = error.problems.slice(0, longestList).map((problem) => indent(problemText(problem)));
  const rest = error.problems.length - shown.length;
  if (rest > 0) shown.push(`  ... and ${rest} more`);
  return `${messageText(error.message)}:\n${shown.join("\n")}`;
}

/** One error without the problems it lists. */
export function problemText(error: FleetError): string {
  const message = messageText(error.message);
  const lines = [
    error.where === undefined ? message : `${visibleLine(shortened(error.where))}: ${message}`,
  ];
  if (error.excerpt !== undefined) lines.push(indent(unwrapped(error.excerpt)));
  if (error.remedy !== undefined) lines.push(`-> ${error.remedy}`);
  return lines.join("\n");
}

/** Long lines of an excerpt are cut on a terminal: if they were wrapped, the caret would point to the wrong place. */
function unwrapped(excerpt: string): string {
  return excerpt.split("\n").map(oneLine).join("\n");
}

/** Indents every line by two spaces. */
export function indent(text: string): string {
  // A regular expression would also split at characters that are later shown as codes.
  return text
    .split("\n")
    .map((line) => (line === "" ? "" : `  ${line}`))
    .join("\n");
}
