import type pg from "pg";

/** The longest time that a timer of Node.js takes, in milliseconds. */
const longestTimeout = 2 ** 31 - 1;

/** Added to the time that the server allows a statement: for the way there and back, and a busy machine. */
const slack = 10_000;

/** The server's answer does not come. Whether it did what it was asked is unknown. */
export class LostAnswerError extends Error {
  override readonly name = "LostAnswerError";
  readonly code = "ETIMEDOUT";
}

/** The connection was lost before this was sent: the server never saw it. */
export class NotSentError extends Error {
  override readonly name = "NotSentError";
  readonly code = "EPIPE";

  constructor() {
    super("the connection was lost before the statement was sent");
  }
}

/**
 * How long to wait for the answer to a query of the tool's own.
 *
 * @param waitMs how long the configuration waits for a database that does not answer, in milliseconds
 */
export function answerTimeout(waitMs: number): number {
  return Math.max(waitMs, slack);
}

/**
 * How long to wait for the answer to a message. A firewall or a load balancer that forgets a connection tells neither
 * side, and TCP keep-alive does not pass through a proxy.
 *
 * @param timeoutMs what the server allows each statement, in milliseconds; 0 for any time
 * @param statements how many the message holds
 * @returns milliseconds; Infinity when the server sets no limit
 */
export function scriptTimeout(timeoutMs: number, statements: number): number {
  // One more for the tool's own statements and the commit.
  return timeoutMs === 0 ? Number.POSITIVE_INFINITY : timeoutMs * (statements + 1) + slack;
}

/**
 * Waits for an answer, and gives the connection up when it does not come in time.
 *
 * @param withinMs milliseconds; Infinity for any time
 * @throws what `answer` does: LostAnswerError, or one that has it as its cause, when the time is over
 */
export async function withAnswerTimeout<Result>(
  client: pg.ClientBase,
  answer: Promise<Result>,
  withinMs: number,
): Promise<Result> {
  if (withinMs === Number.POSITIVE_INFINITY) return answer;
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

/** Closes a client's socket without a goodbye. What it waits for fails with the error. */
export function destroyConnection(client: pg.ClientBase, error?: Error): void {
  (client as pg.Client).connection.stream.destroy(error);
}
