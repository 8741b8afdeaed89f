/** So many of something, or a share of it in percent. */
export type Amount = { readonly count: number } | { readonly percent: number };

/**
 * How many an amount is of a total.
 *
 * @param round what to do with the fraction that a share may leave
 */
export function amountOf(
  amount: Amount,
  total: number,
  round: (value: number) => number = Math.floor,
): number {
  return "count" in amount ? amount.count : round((total * amount.percent) / 100);
}
