import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { programOf } from "../../src/cli/program.ts";

const source = join(import.meta.dirname, "../../src");

test("texts name commands as npx drizzle-fleet, ready to copy", () => {
  const verbs = programOf(async () => {}).commands.map((command) => command.name());
  expect(verbs).toContain("migrate");
  const bare = new RegExp(`(?<!npx )(?<![-/\\w@])drizzle-fleet (?:${verbs.join("|")})\\b`);
  const files = readdirSync(source, { recursive: true, encoding: "utf8" });
  const sources = files.filter((file) => file.endsWith(".ts"));
  expect(sources.length).toBeGreaterThan(100);
  const found = sources.flatMap((file) =>
    readFileSync(join(source, file), "utf8")
      .split("\n")
      .filter((line) => !/^\s*(?:\*|\/\/|\/\*)/.test(line) && bare.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  expect(found).toEqual([]);
});
