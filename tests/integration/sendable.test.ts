import { pgTable, text } from "drizzle-orm/pg-core";
import { describe, expect, test } from "vitest";
import { quoteIdentifier } from "../../src/core/quoting.ts";
import { obstacleIn } from "../../src/core/sendable.ts";
import { type Session, withSession } from "../../src/postgres/session.ts";
import { PsqlScript } from "../../src/rollout/psql.ts";
import { GrammarError, loadParser, parse, scan } from "../../src/sql/parser.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";

const nul = "SELECT 1\0, this would never run";
const half = "SELECT '\ud83d'";
const notes = pgTable("notes", { note: text("note") });

function inSession(database: TestDatabase, use: (session: Session) => Promise<void>) {
  return withSession({ name: "main", url: database.url }, { waitMs: 5_000 }, use);
}

describe("text that would be truncated or replaced on its way", () => {
  test("is found, and no other text", () => {
    expect(obstacleIn(nul)).toMatchObject({ what: "a NUL byte", at: 8 });
    expect(obstacleIn(half)).toMatchObject({ what: "an unpaired surrogate", at: 8 });
    expect(obstacleIn("\udc00")).toMatchObject({ at: 0 });
    for (const whole of ["", "größe", "😀", "\u0001\ufffd\ufeff"])
      expect(obstacleIn(whole)).toBeUndefined();
  });

  test("is refused by a session, however it is sent, and the session keeps working", async () => {
    const database = await createDatabase();
    await database.query("CREATE TABLE notes (note text)");
    await inSession(database, async (session) => {
      await session.query("SET search_path = public");
      const insert = "INSERT INTO notes VALUES ('x')";
      const copy = "COPY notes FROM STDIN";
      for (const bad of ["\0", "\udfff"]) {
        const ways: (() => Promise<unknown>)[] = [
          () => session.query(`${insert};${bad}`),
          () => session.query("INSERT INTO notes VALUES ($1)", [`a${bad}b`]),
          () => session.script(`${insert};${bad}${insert}`),
          () => session.when(`true${bad}`, async () => undefined),
          () => session.each(`SELECT 'SELECT 1' AS statement${bad}`),
          () => session.copyIn(copy, `a${bad}b\n`),
          () => session.copyIn(`${copy}${bad}`, "a\n"),
          () => session.drizzle((db) => db.insert(notes).values({ note: `a${bad}b` })),
        ];
        for (const way of ways)
          await expect(way(), String(way)).rejects.toThrow(/NUL byte|an unpaired surrogate/);
      }
      await session.script(insert);
      expect(await session.query("SELECT note FROM notes")).toEqual([{ note: "x" }]);
    });
  });

  test("is refused in a name, as is a name that PostgreSQL would truncate", async () => {
    const database = await createDatabase();
    const longest = "ü".repeat(31);
    expect(quoteIdentifier(`${longest}x`)).toBe(`"${longest}x"`);
    expect(() => quoteIdentifier(`${longest}xy`)).toThrow("is 64 bytes long");
    expect(() => quoteIdentifier("a\0b")).toThrow("NUL byte");
    expect(() => quoteIdentifier("a\ud800")).toThrow("an unpaired surrogate");
    // The server sets the limit.
    await database.query(`CREATE SCHEMA ${quoteIdentifier(`${longest}x`)}`);
    expect(
      await database.query("SELECT FROM pg_namespace WHERE nspname = $1", [`${longest}x`]),
    ).toHaveLength(1);
  });

  test("is refused by the parser, with the character, and in a script for psql", async () => {
    await loadParser();
    for (const read of [parse, scan]) {
      expect(() => read(nul)).toThrow(
        expect.objectContaining({ name: "GrammarError", character: 8 }),
      );
      expect(() => read(half)).toThrow(GrammarError);
    }
    const psql = new PsqlScript([]);
    await expect(psql.script(nul)).rejects.toThrow("NUL byte");
    await expect(psql.when(nul, async () => undefined)).rejects.toThrow("NUL byte");
    await expect(psql.each(half)).rejects.toThrow("an unpaired surrogate");
  });

  test("is refused in a URL, before anything is connected", async () => {
    const database = await createDatabase();
    for (const url of [
      `${database.url}%00x`,
      database.url.replace("@", "%00@"),
      `${database.url}?application_name=a%00b`,
    ])
      await expect(
        withSession({ name: "main", url }, { waitMs: 0 }, async () => undefined),
      ).rejects.toMatchObject({ code: "config", message: expect.stringContaining("NUL byte") });
  });
});

test("each part of a server message is limited to 2,000 characters", async () => {
  const raise = `DO $$ BEGIN RAISE EXCEPTION USING MESSAGE = repeat('m', 1000000),
    DETAIL = repeat('d', 1000000), HINT = repeat('h', 1000000); END $$`;
  await inSession(await createDatabase(), async (session) => {
    for (const way of [() => session.script(raise), () => session.query(raise)]) {
      const error: unknown = await way().catch((thrown: unknown) => thrown);
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      for (const key of ["message", "detail", "hint"])
        expect(Reflect.get(Object(cause), key)).toMatch(
          /^(.)\1{1999}\.\.\. and 998000 more characters$/,
        );
    }
  });
});
