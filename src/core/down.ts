/** The file with the SQL that reverts a migration, and the marks of its author in it. */
export interface Down {
  /** The file's path, as shown in messages. */
  readonly file: string;
  /** sha256 of the text, in hex. */
  readonly checksum: string;
  readonly text: string;
  /** The reason why the migration cannot be reverted, if the file is marked so. */
  readonly irreversible: string | undefined;
  /** The reason why there is nothing to revert, if the file is marked so. */
  readonly nothing: string | undefined;
  /** The data that the down cannot restore, in words. Running it needs the user's consent. */
  readonly dataLoss: readonly string[];
  /** True if the file contains no SQL. */
  readonly empty: boolean;
}
