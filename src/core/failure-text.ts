import type { Failure, LockHolder } from "./outcome.ts";
import { shortened, visibleLine } from "./visible.ts";

/** A failure as text: PostgreSQL's message, who holds the lock, the place in the migration, and what to do. */
export function failureText(failure: Failure): string {
  const message = messageText(failure.message);
  const lines = [
    failure.sqlstate === undefined ? message : `${message} (SQLSTATE ${failure.sqlstate})`,
  ];
  if (failure.detail !== undefined) lines.push(messageText(failure.detail));
  if (failure.hint !== undefined) lines.push(messageText(failure.hint));
  if (failure.context !== undefined) lines.push(messageText(failure.context));
  if (failure.existing !== undefined)
    lines.push(messageText(`existing object: ${failure.existing}`));
  for (const holder of failure.holders ?? []) lines.push(holderText(holder), `   ${holder.query}`);
  if (failure.file !== undefined)
    lines.push(`at ${failure.file}${failure.line === undefined ? "" : `:${failure.line}`}`);
  if (failure.statement !== undefined) lines.push(`   ${failure.statement}`);
  lines.push(`-> ${failure.remedy}`);
  return lines.join("\n");
}

/** The holder of a lock, on one line. */
export function holderText({ pid, gid, user, application, since, holds }: LockHolder): string {
  const program = application === "" ? "" : `${application}, `;
  const time =
    since === undefined ? "" : ` since ${since.replace("T", " ").replace(/\..*/, "")} UTC`;
  const holder = gid === undefined ? `pid ${pid}` : `prepared transaction ${gid}`;
  return visibleLine(`held by ${holder} (${program}user ${user})${time}: ${holds}`);
}

/** A message of any length: shortened, with all lines but the first indented. */
export function messageText(message: string): string {
  return shortened(message).replaceAll("\n", "\n  ");
}
