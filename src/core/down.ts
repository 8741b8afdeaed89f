/** The way back from a migration: the SQL that takes it back, and what its author says about it. */
export interface Down {
  /** The file's path as shown to people. */
  readonly file: string;
  /** sha256 of the text, in hex. */
  readonly checksum: string;
  readonly text: string;
  /** Why there is no way back, when its author says so. */
  readonly irreversible: string | undefined;
  /** Why there is nothing to take back, when its author says so. */
  readonly nothing: string | undefined;
  /** What it cannot bring back, in words; running it needs the user's consent. */
  readonly dataLoss: readonly string[];
  /** True when it holds no SQL at all. */
  readonly empty: boolean;
}
