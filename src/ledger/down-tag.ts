/** The ledger's tag of a migration's down while it is under way: it stands beside the migration's own entry. */
export function downTag(tag: string): string {
  return `${tag}.down`;
}
