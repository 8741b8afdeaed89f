import { duration } from "./time.ts";

/** How long to wait before the first notice of a wait, in milliseconds. */
export const firstNotice = 5_000;

/** The same for a server that does not answer: its name may be mistyped, or the server is not running. */
const firstNoticeOfServer = 1_000;

/**
 * How long to wait before the next notice.
 *
 * @param lastsMs how long the wait has lasted so far, in milliseconds
 * @returns milliseconds: a quarter of that, from 5 s to 1 min
 */
export function nextNoticeAfter(lastsMs: number): number {
  return Math.min(Math.max(lastsMs / 4, firstNotice), 60_000);
}

/** What is being waited for. */
export interface Wait {
  readonly text: string;
  /** True until the server has accepted the connection. */
  readonly connecting: boolean;
}

/**
 * Notifies the user at intervals while work takes a long time.
 *
 * @param wait describes what is being waited for at the time of a notice
 */
export async function withWaitNotices<Result>(
  notify: (line: string) => void,
  wait: () => Wait,
  work: Promise<Result>,
): Promise<Result> {
  const startedAt = performance.now();
  const tell = () => {
    const lastsMs = performance.now() - startedAt;
    const { text, connecting } = wait();
    if (!connecting && lastsMs < firstNotice) {
      timer = setTimeout(tell, firstNotice - lastsMs);
      return;
    }
    notify(`${text}, ${duration(Math.round(lastsMs / 1_000) * 1_000)}`);
    timer = setTimeout(
      tell,
      lastsMs < firstNotice ? firstNotice - lastsMs : nextNoticeAfter(lastsMs),
    );
  };
  let timer = setTimeout(tell, firstNoticeOfServer);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
