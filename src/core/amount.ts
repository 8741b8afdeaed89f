/** So many of something, or a share of it in percent. */
export type Amount = { readonly count: number } | { readonly percent: number };

/** How many an amount is of a total, rounded down. */
export function amountOf(amount: Amount, total: number): number {
  return "count" in amount ? amount.count : Math.floor((total * amount.percent) / 100);
}
