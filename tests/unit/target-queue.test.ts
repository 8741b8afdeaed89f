import { describe, expect, test } from "vitest";
import { memoryQueue, type QueueFactory } from "../../src/rollout/queue.ts";
import { ManualClock } from "../support/manual-clock.ts";

const queues: [name: string, factory: QueueFactory][] = [["MemoryQueue", memoryQueue]];

/** The contract of `TargetQueue`: a queue that passes behaves like every other one in a rollout. */
describe.each(queues)("%s", (_, queueOf) => {
  const make = (...items: string[]) => {
    const clock = new ManualClock();
    return { clock, queue: queueOf(items, clock) };
  };
  /** What a take() has returned so far; undefined while it waits. */
  const watch = (taking: Promise<string | undefined>) => {
    const taken: { result?: [string | undefined] } = {};
    void taking.then((item) => {
      taken.result = [item];
    });
    return taken;
  };

  test("returns items in their order, then undefined", async () => {
    const { queue } = make("a", "b");
    expect(queue.isEmpty).toBe(false);
    expect([await queue.take(), await queue.take()]).toEqual(["a", "b"]);
    expect(queue.isEmpty).toBe(true);
    expect(await queue.take()).toBeUndefined();
  });

  test("an item that is due comes before one that is due later", async () => {
    const { queue } = make("late", "now");
    expect(await queue.take()).toBe("late");
    queue.putBack("late", 10_000);
    expect(await queue.take()).toBe("now");
    queue.putBack("now", 0);
    expect(await queue.take()).toBe("now");
    expect(queue.isEmpty).toBe(false);
  });

  test("waits for the item that is due first", async () => {
    const { queue, clock } = make();
    queue.putBack("third", 300);
    queue.putBack("first", 100);
    queue.putBack("second", 200);
    const taken = watch(queue.take());
    await clock.advance(99);
    expect(taken.result).toBeUndefined();
    await clock.advance(1);
    expect(taken.result).toEqual(["first"]);
    await clock.advance(200);
    expect([await queue.take(), await queue.take()]).toEqual(["second", "third"]);
  });

  test("several callers that wait get an item each, and the last one undefined", async () => {
    const { queue, clock } = make();
    queue.putBack("a", 100);
    queue.putBack("b", 100);
    const taken = [queue.take(), queue.take(), queue.take()].map(watch);
    await clock.advance(100);
    const items = taken.map(({ result }) => result?.[0]);
    expect(items.sort()).toEqual(["a", "b", undefined]);
    expect(taken.every(({ result }) => result !== undefined)).toBe(true);
  });

  test("an abort ends the wait, and the items stay in the queue", async () => {
    const { queue } = make();
    const stop = new AbortController();
    queue.putBack("a", 60_000);
    const taking = queue.take(stop.signal);
    stop.abort();
    expect(await taking).toBeUndefined();
    expect(await queue.take(stop.signal)).toBeUndefined();
    expect(queue.isEmpty).toBe(false);
    expect(queue.drain()).toEqual(["a"]);
  });

  test("takeDue() takes only what is due now, and putFirst() puts an item before all others", async () => {
    const { queue, clock } = make("a", "b");
    expect(queue.length).toBe(2);
    expect(queue.takeDue()).toBe("a");
    queue.putFirst("a");
    expect([queue.takeDue(), queue.takeDue(), queue.takeDue()]).toEqual(["a", "b", undefined]);
    queue.putBack("late", 100);
    expect(queue.takeDue()).toBeUndefined();
    expect(queue.length).toBe(1);
    queue.putFirst("again");
    expect(await queue.take()).toBe("again");
    await clock.advance(100);
    expect(queue.takeDue()).toBe("late");
    expect(queue.length).toBe(0);
  });

  test("drain() removes every item that was not taken", async () => {
    const { queue } = make("a", "b", "c");
    await queue.take();
    queue.putBack("a", 60_000);
    expect(queue.drain()).toEqual(["b", "c", "a"]);
    expect(queue.isEmpty).toBe(true);
    expect(queue.drain()).toEqual([]);
  });
});
