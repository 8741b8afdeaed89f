/** Types whose values all fit into another type, and which drivers return in the same way. */
const textual = /^(?:varchar|character varying|char|character|bpchar)(?:\s*\(\s*(\d+)\s*\))?$/;
const exact = /^(?:numeric|decimal)(?:\s*\(\s*(\d+)\s*(?:,\s*(-?\d+)\s*)?\))?$/;

/**
 * True if every value of a type also fits into another one, and code that was written for the first can read the second.
 *
 * @param from the type before, as drizzle-kit writes it: `varchar(255)`
 * @param to the type after
 */
export function isWider(from: string, to: string): boolean {
  const [old, now] = [textual.exec(from), textual.exec(to)];
  if (old !== null && !/^char|^bpchar/.test(from)) {
    if (to === "text") return true;
    if (now !== null && /^varchar|varying/.test(to))
      return now[1] === undefined || (old[1] !== undefined && Number(now[1]) >= Number(old[1]));
  }
  const [before, after] = [exact.exec(from), exact.exec(to)];
  if (before === null || after === null) return false;
  if (after[1] === undefined) return true;
  if (before[1] === undefined) return false;
  const [scale, wider] = [Number(before[2] ?? 0), Number(after[2] ?? 0)];
  return wider >= scale && Number(after[1]) - wider >= Number(before[1]) - scale;
}
