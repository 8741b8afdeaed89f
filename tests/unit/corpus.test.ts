import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { FleetError } from "../../src/core/errors.ts";
import type { Statement } from "../../src/core/migration.ts";
import { fill, placeholder } from "../../src/core/template.ts";
import type { Allowance } from "../../src/sql/allowance.ts";
import { loadParser } from "../../src/sql/parser.ts";
import { readStatements } from "../../src/sql/read-statements.ts";
import { repository } from "../support/repository.ts";

/**
 * Each folder of tests/corpus is a case: `input.sql`, optionally `options.json` (an Allowance), and either
 * `neutral.sql` (the statements that run, with "{tenant}" for the tenant schema) or `error.txt` (the refusals).
 * CORPUS_WRITE=1 writes the expectations that are missing: review them before you commit them. CORPUS_FOLDER is another
 * folder of cases.
 */
const corpus = process.env.CORPUS_FOLDER ?? join(repository, "tests/corpus");
const cases = readdirSync(corpus).sort();

/** The statements as they run, with a line before each that starts a transaction or runs outside of one. */
function neutralText(statements: readonly Statement[], extensions: readonly string[]): string {
  const lines = extensions.map((name) => `-- extension, once per database: ${name}`);
  for (const [index, { sql, transactional, startsSegment }] of statements.entries()) {
    if (!transactional) lines.push("-- alone");
    else if (index > 0 && startsSegment) lines.push("-- after a commit");
    lines.push(`${fill(sql, placeholder)};`);
  }
  return `${lines.join("\n")}\n`;
}

function errorText(problems: readonly FleetError[]): string {
  return `${problems.map(({ code, where, message, excerpt, remedy }) => `${where} ${code}: ${message}\n${excerpt}\n-> ${remedy}`).join("\n\n")}\n`;
}

describe("corpus", () => {
  beforeAll(loadParser);

  test("has at least 60 cases", () => {
    expect(cases.length).toBeGreaterThanOrEqual(60);
  });

  test.each(cases)("%s", (name) => {
    const file = (part: string) => join(corpus, name, part);
    const options: Partial<Allowance> = existsSync(file("options.json"))
      ? JSON.parse(readFileSync(file("options.json"), "utf8"))
      : {};
    const problems: FleetError[] = [];
    const { statements, extensions } = readStatements(
      "input.sql",
      readFileSync(file("input.sql"), "utf8"),
      { sharedSchemas: [], ...options },
      problems,
    );
    const [expected, actual] =
      problems.length > 0
        ? ["error.txt", errorText(problems)]
        : ["neutral.sql", neutralText(statements, extensions)];
    if (
      process.env.CORPUS_WRITE === "1" &&
      !existsSync(file("error.txt")) &&
      !existsSync(file("neutral.sql"))
    )
      writeFileSync(file(expected), actual);
    expect(
      readdirSync(join(corpus, name)).filter(
        (part) => part === "error.txt" || part === "neutral.sql",
      ),
    ).toEqual([expected]);
    expect(actual).toBe(readFileSync(file(expected), "utf8"));
  });
});
