import type { FleetError } from "../core/errors.ts";
import type { Failure, LockHolder } from "../core/outcome.ts";
import { shortened, visibleLine } from "../core/visible.ts";

/** More problems or failures than this are counted, not listed. */
export const longestList = 20;

/** An error as a person reads it: what, where with a caret, and what to do. Several are listed one by one. */
export function errorText(error: FleetError): string {
  if (error.problems.length === 0) return problemText(error);
  const shown = error.problems.slice(0, longestList).map((problem) => indent(problemText(problem)));
  const rest = error.problems.length - shown.length;
  if (rest > 0) shown.push(`  ... and ${rest} more`);
  return `${told(error.message)}:\n${shown.join("\n")}`;
}

/** A failure: PostgreSQL's words, who is in the way, where in the migration, what to do. */
export function failureText(failure: Failure): string {
  const message = told(failure.message);
  const lines = [
    failure.sqlstate === undefined ? message : `${message} (SQLSTATE ${failure.sqlstate})`,
  ];
  if (failure.detail !== undefined) lines.push(told(failure.detail));
  if (failure.hint !== undefined) lines.push(told(failure.hint));
  if (failure.context !== undefined) lines.push(told(failure.context));
  if (failure.existing !== undefined) lines.push(told(`there is: ${failure.existing}`));
  for (const holder of failure.holders ?? []) lines.push(holderText(holder), `   ${holder.query}`);
  if (failure.file !== undefined)
    lines.push(`at ${failure.file}${failure.line === undefined ? "" : `:${failure.line}`}`);
  if (failure.statement !== undefined) lines.push(`   ${failure.statement}`);
  lines.push(`-> ${failure.remedy}`);
  return lines.join("\n");
}

/** Who holds a lock, on one line. */
export function holderText({ pid, gid, user, application, since, holds }: LockHolder): string {
  const program = application === "" ? "" : `${application}, `;
  const time =
    since === undefined ? "" : ` since ${since.replace("T", " ").replace(/\..*/, "")} UTC`;
  const who = gid === undefined ? `pid ${pid}` : `prepared transaction ${gid}`;
  return visibleLine(`held by ${who} (${program}user ${user})${time}: ${holds}`);
}

/** One error without the problems it lists: where, what, the source line, and what to do. */
export function problemText(error: FleetError): string {
  const message = told(error.message);
  const lines = [
    error.where === undefined ? message : `${visibleLine(shortened(error.where))}: ${message}`,
  ];
  if (error.excerpt !== undefined) lines.push(indent(error.excerpt));
  if (error.remedy !== undefined) lines.push(`-> ${error.remedy}`);
  return lines.join("\n");
}

/** A message of any length and number of lines: only its first line stands where ours begin. */
function told(message: string): string {
  return shortened(message).replaceAll("\n", "\n  ");
}

/** Moves every line in by two spaces. To a regular expression, characters that are shown by codes end lines as well. */
export function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? "" : `  ${line}`))
    .join("\n");
}
