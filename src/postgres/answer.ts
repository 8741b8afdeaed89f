import type pg from "pg";

/** The longest timeout of a Node.js timer, in milliseconds. */
const longestTimeout = 2 ** 31 - 1;

/** Added to the server's own timeout, in milliseconds, for the round trip and a busy machine. */
const slack = 10_000;

/** The server did not answer in time. Whether it did what it was asked to do is unknown. */
export class LostAnswerError extends Error {
  override readonly name = "LostAnswerError";
  readonly code = "ETIMEDOUT";
}

/** The connection was lost before the statement was sent: the server never received it. */
export class NotSentError extends Error {
  override readonly name = "NotSentError";
  readonly code = "EPIPE";

  constructor() {
    super("the connection was lost before the statement was sent");
  }
}

/** Nothing was run, because what was sent before it on the same connection failed. It can be sent again. */
export class NotRunError extends Error {
  override readonly name = "NotRunError";

  constructor() {
    super("what was sent before it on the same connection failed");
  }
}

/**
 * How long to wait for the answer to one of drizzle-fleet's own queries.
 *
 * @param waitMs the configured `connectTimeout`, in milliseconds
 * @returns milliseconds
 */
export function answerTimeout(waitMs: number): number {
  return Math.max(waitMs, slack);
}

/**
 * How long to wait for the answer to a message. A firewall or load balancer that drops a connection notifies neither
 * side, and TCP keep-alive does not pass through a proxy.
 *
 * @param timeoutMs the server's statement timeout, in milliseconds; 0 for none
 * @param statements the number of statements in the message
 * @returns milliseconds; Infinity if the server has no timeout
 */
export function scriptTimeout(timeoutMs: number, statements: number): number {
  // One more for drizzle-fleet's own statements and the commit.
  return timeoutMs === 0 ? Number.POSITIVE_INFINITY : timeoutMs * (statements + 1) + slack;
}

/**
 * Waits for an answer, and closes the connection if it does not arrive in time.
 *
 * @param withinMs milliseconds; Infinity for no limit
 * @param from the time begins when this resolves; by default, now
 * @throws what `answer` throws: after a timeout, LostAnswerError, or an error with it as its cause
 */
export async function withAnswerTimeout<Result>(
  client: pg.ClientBase,
  answer: Promise<Result>,
  withinMs: number,
  from?: Promise<void>,
): Promise<Result> {
  if (withinMs === Number.POSITIVE_INFINITY) return answer;
  if (from !== undefined) await Promise.race([from, answer.catch(() => undefined)]);
  const giveUp = () => {
    const seconds = Math.ceil(withinMs / 1_000);
    destroyConnection(client, new LostAnswerError(`the server did not answer within ${seconds} s`));
  };
  const timer = setTimeout(giveUp, Math.min(withinMs, longestTimeout));
  try {
    return await answer;
  } finally {
    clearTimeout(timer);
  }
}

/** Closes a client's socket without terminating the session. Pending queries fail with the error. */
export function destroyConnection(client: pg.ClientBase, error?: Error): void {
  (client as pg.Client).connection.stream.destroy(error);
}
