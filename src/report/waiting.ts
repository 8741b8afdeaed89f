import { duration } from "../core/time.ts";

/** When a wait is told for the first time, in milliseconds. */
export const firstTold = 5_000;

/** The same for a server that does not answer: a person at a terminal has mistyped its name, or not started it. */
const firstToldOfServer = 1_000;

/**
 * When a wait is told again.
 *
 * @param lastsMs how long it has lasted by then, in milliseconds
 * @returns milliseconds from then on: a quarter of that, from 5 s to a minute
 */
export function toldAgainAfter(lastsMs: number): number {
  return Math.min(Math.max(lastsMs / 4, firstTold), 60_000);
}

/** What takes long, as it is told. */
export interface Wait {
  readonly text: string;
  /** True while a server has not let us in. */
  readonly connecting: boolean;
}

/**
 * Tells now and then that something takes long.
 *
 * @param wait what it is, whenever it might be told
 */
export async function tellingWaits<Result>(
  notify: (line: string) => void,
  wait: () => Wait,
  work: Promise<Result>,
): Promise<Result> {
  const startedAt = performance.now();
  const tell = () => {
    const lastsMs = performance.now() - startedAt;
    const { text, connecting } = wait();
    if (!connecting && lastsMs < firstTold) {
      timer = setTimeout(tell, firstTold - lastsMs);
      return;
    }
    notify(`${text}, ${duration(Math.round(lastsMs / 1_000) * 1_000)}`);
    timer = setTimeout(tell, lastsMs < firstTold ? firstTold - lastsMs : toldAgainAfter(lastsMs));
  };
  let timer = setTimeout(tell, firstToldOfServer);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
