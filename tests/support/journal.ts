/** A migration in drizzle-kit's journal: its tag, and when it was generated, in milliseconds since 1970. */
export type JournalEntry = readonly [tag: string, when: number];

/** The text of a journal with these entries, numbered from 0. */
export const journal = (...migrations: readonly JournalEntry[]) =>
  JSON.stringify(
    {
      version: "7",
      dialect: "postgresql",
      entries: migrations.map(([tag, when], idx) => ({
        idx,
        version: "7",
        when,
        tag,
        breakpoints: true,
      })),
    },
    null,
    2,
  );
