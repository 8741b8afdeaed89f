/** Where the messages of a step go: to a server, or into a script that somebody else runs. */
export interface Channel {
  /** Settings that every transaction should have; RESET ALL takes them back. */
  readonly settings: ReadonlyMap<string, string>;
  /** True when one transaction may run on another backend than the one before it. */
  readonly pooled: boolean;
  /** True once nothing more can be sent. */
  readonly lost: boolean;
  /** Sends several statements as one message. */
  script(sql: string): Promise<void>;
  /** Does what follows if an SQL condition, which is never null, is true. */
  when(condition: string, then: () => Promise<void>): Promise<void>;
  /** Runs the statements that a query gives in its one column, `statement`, each as a message of its own. */
  each(query: string): Promise<void>;
  close(): Promise<void>;
}
