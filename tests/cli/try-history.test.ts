import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../support/cli.ts";
import { createDatabase } from "../support/database.ts";
import { createFolder, history } from "../support/fleet.ts";
import { repository } from "../support/repository.ts";

const script = join(repository, "scripts/try-history.mjs");

/** One line for each folder, as its columns. */
async function tryHistories(...args: string[]) {
  const { url } = await createDatabase();
  const result = await run(repository, process.execPath, [script, ...args, "--url", url]);
  const lines = result.stdout.trimEnd().split("\n");
  return { ...result, lines: lines.map((line) => line.split("\t").slice(1)) };
}

test("the histories of the example create the same schema in every tenant: up, down and up again", async () => {
  const folders = ["auth", "ingestion", "workflow"].map((name) => `drizzle/${name}`);
  const { code, lines } = await tryHistories(...folders);
  expect(lines).toEqual([
    ["11", "equal"],
    ["10", "equal"],
    ["14", "equal"],
  ]);
  expect(code).toBe(0);
});

test.each(["booking-suite", "chat-platform", "deploy-panel"])(
  "%s creates the same schema in every tenant as in public",
  async (name) => {
    const options = ["--accept-unproved", "--no-downs"];
    const { lines } = await tryHistories(join(repository, "tests/histories", name), ...options);
    expect(lines).toEqual([["44", "equal"]]);
  },
);

test("a fault of a history is reported in one line", async () => {
  const cases = {
    refused: { "0000_a": "CREATE TABLE other.a (id integer);" },
    raw: { "0000_a": "CREATE TABLE a (id integer);", "0001_b": "SELECT 1 / 0;" },
    back: { "0000_a": "CREATE TABLE a (id integer);" },
  };
  const files = Object.entries(cases).flatMap(([name, texts]) =>
    Object.entries(history(name, texts)),
  );
  const folder = await createFolder({
    ...Object.fromEntries(files),
    "back/0000_a.down.sql": "SELECT 1;",
  });
  const folders = Object.keys(cases).map((name) => join(folder, name));
  const { code, lines } = await tryHistories(...folders);
  expect(lines).toEqual([
    ["1", "refused", expect.stringContaining('names the schema "other"')],
    ["2", "raw fails", "0001_b: division by zero"],
    ["1", "unproved", "0000_a.down.sql: the down of 0000_a does not restore the schema"],
  ]);
  expect(code).toBe(1);
});
