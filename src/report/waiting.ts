import { duration } from "./words.ts";

/** When a wait is told for the first time, in milliseconds. */
export const firstTold = 5_000;

/**
 * When a wait is told again.
 *
 * @param lastsMs how long it has lasted by then, in milliseconds
 * @returns milliseconds from then on: a quarter of that, from 5 s to a minute
 */
export function toldAgainAfter(lastsMs: number): number {
  return Math.min(Math.max(lastsMs / 4, firstTold), 60_000);
}

/**
 * Tells now and then that something takes long.
 *
 * @param text what it is, when it is to be told
 */
export async function tellingWaits<Result>(
  notify: (line: string) => void,
  text: () => string,
  work: Promise<Result>,
): Promise<Result> {
  const startedAt = performance.now();
  const tell = () => {
    const lastsMs = performance.now() - startedAt;
    notify(`${text()}, ${duration(Math.round(lastsMs / 1_000) * 1_000)}`);
    timer = setTimeout(tell, toldAgainAfter(lastsMs));
  };
  let timer = setTimeout(tell, firstTold);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
