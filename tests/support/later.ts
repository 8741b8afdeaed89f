import { onTestFinished } from "vitest";

/**
 * Does something after a number of milliseconds, unless the test has ended by then: its connections are closed, and its
 * error would be reported for another test.
 */
export function later(ms: number, act: () => Promise<unknown>): void {
  let acting: Promise<unknown> | undefined;
  const timer = setTimeout(() => {
    acting = act();
  }, ms);
  onTestFinished(async () => {
    clearTimeout(timer);
    await acting;
  });
}
