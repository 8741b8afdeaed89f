/** An SQL statement, or one that was prepared, with its values. */
export type Sent = string | { readonly prepared: string; readonly values: readonly string[] };

export interface PipelineOptions {
  /** How long the answer may take, in milliseconds; by default as for drizzle-fleet's own queries. */
  readonly withinMs?: number | undefined;
  /** What ends a failed transaction, as one message; by default, ROLLBACK. */
  readonly recover?: string | undefined;
  /**
   * What must have prepared the session, as one message. It is sent first, unless nothing was sent since but pipelines that
   * need the same: they must leave the session as they found it.
   */
  readonly prepared?: string | undefined;
}

/** The destination of a step's messages: a session, or a script for psql. */
export interface Channel {
  /** Settings for every transaction; RESET ALL reverts them. */
  readonly settings: ReadonlyMap<string, string>;
  /** True if consecutive transactions can run on different backends. */
  readonly pooled: boolean;
  /** True when nothing more can be sent. */
  readonly lost: boolean;
  /**
   * Sends several statements as one message.
   *
   * @param withinMs how long the answer may take, in milliseconds; by default as for drizzle-fleet's own queries
   */
  script(sql: string, withinMs?: number): Promise<void>;
  /** Sends statements that are answered together. After an error, their transaction is rolled back. */
  pipeline(statements: readonly Sent[], options?: PipelineOptions): Promise<void>;
  /** Runs `then` if an SQL condition is true. The condition must not be null. */
  when(condition: string, then: () => Promise<void>): Promise<void>;
  /** Runs the statements that a query returns in its only column, `statement`, each as its own message. */
  each(query: string, withinMs?: number): Promise<void>;
  close(): Promise<void>;
}
