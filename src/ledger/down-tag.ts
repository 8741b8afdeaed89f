/** The tag in the ledger for a migration's down while it is running, beside the migration's own entry. */
export function downTag(tag: string): string {
  return `${tag}.down`;
}
