/** Where the messages of a step go: to a server, or into a script that somebody else runs. */
export interface Channel {
  /** Settings that every transaction should have; RESET ALL takes them back. */
  readonly settings: ReadonlyMap<string, string>;
  /** True when one transaction may run on another backend than the one before it. */
  readonly pooled: boolean;
  /** True once nothing more can be sent. */
  readonly lost: boolean;
  /**
   * Sends several statements as one message.
   *
   * @param withinMs how long the answer may take, in milliseconds; without it as for the tool's own queries
   */
  script(sql: string, withinMs?: number): Promise<void>;
  /** Does what follows if an SQL condition, which is never null, is true. */
  when(condition: string, then: () => Promise<void>): Promise<void>;
  /** Runs the statements that a query gives in its one column, `statement`, each as a message of its own. */
  each(query: string, withinMs?: number): Promise<void>;
  close(): Promise<void>;
}
