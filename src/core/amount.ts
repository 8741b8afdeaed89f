/** A number of things, from 0, or a share of them in percent, from 0 to 100. */
export type Amount = { readonly count: number } | { readonly percent: number };

/**
 * The number of things that an amount means, given their total.
 *
 * @param round how to round a share that is not a whole number
 */
export function amountOf(
  amount: Amount,
  total: number,
  round: (value: number) => number = Math.floor,
): number {
  return "count" in amount ? amount.count : round((total * amount.percent) / 100);
}
