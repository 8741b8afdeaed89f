import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { ManualClock } from "../support/manual-clock.ts";

interface ClockUnderTest {
  readonly clock: Clock;
  /** Waits until at least this many milliseconds have passed on the clock. */
  readonly advance: (ms: number) => Promise<void>;
}

const clocks: [name: string, make: () => ClockUnderTest][] = [
  ["systemClock", () => ({ clock: systemClock, advance: (ms) => sleep(ms + 20) })],
  [
    "ManualClock",
    () => {
      const clock = new ManualClock();
      return { clock, advance: (ms) => clock.advance(ms) };
    },
  ],
];

/** The contract of `Clock`: a clock that passes behaves like every other one in a rollout. */
describe.each(clocks)("%s", (_, make) => {
  test("now() increases by the milliseconds that pass", async () => {
    const { clock, advance } = make();
    const before = clock.now();
    await advance(30);
    const after = clock.now();
    expect(after - before).toBeGreaterThanOrEqual(30);
    expect(clock.now()).toBeGreaterThanOrEqual(after);
  });

  test("sleep() resolves after its time, and not before", async () => {
    const { clock, advance } = make();
    const startedAt = clock.now();
    let sleptFor = -1;
    const sleeping = clock.sleep(40).then(() => {
      sleptFor = clock.now() - startedAt;
    });
    await advance(5);
    expect(sleptFor).toBe(-1);
    await advance(40);
    await sleeping;
    // Node rounds timers down to whole milliseconds.
    expect(sleptFor).toBeGreaterThanOrEqual(39);
  });

  test("sleep() ends without an error when its signal is aborted, before or while it sleeps", async () => {
    const { clock } = make();
    const startedAt = clock.now();
    const stop = new AbortController();
    const sleeping = clock.sleep(60_000, stop.signal);
    stop.abort();
    await sleeping;
    await clock.sleep(60_000, stop.signal);
    expect(clock.now() - startedAt).toBeLessThan(30_000);
  });

  test("every() calls its action again and again, until it is stopped", async () => {
    const { clock, advance } = make();
    let calls = 0;
    const stop = clock.every(20, () => {
      calls += 1;
    });
    expect(calls).toBe(0);
    await advance(70);
    expect(calls).toBeGreaterThanOrEqual(2);
    stop();
    const stoppedAt = calls;
    await advance(50);
    expect(calls).toBe(stoppedAt);
  });
});
