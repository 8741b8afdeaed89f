import { describe, expect, test } from "vitest";
import { parseSize } from "../../src/config/quantities.ts";
import type { StatementFinding } from "../../src/core/lint.ts";
import { githubLintText } from "../../src/report/github.ts";
import { lintMarkdown } from "../../src/report/lint.ts";
import { sarifDocument } from "../../src/report/sarif.ts";
import { type Json, objectionsToSarif } from "../support/sarif.ts";

const finding: StatementFinding = {
  ...{ rule: "rewrite", severity: "error", service: "app", tag: "0001_é" },
  ...{ file: "drizzle/app/0001_é b.sql", line: 3, url: "https://example.org/#rewrite" },
  statement: "ALTER TABLE a\n  ALTER b TYPE bigint",
  message: "a is <b>written</b> *anew*, 100%",
  remedy: "Write:\nsomething else",
};
const others: StatementFinding[] = [
  { ...finding, severity: "warning", line: 9 },
  { ...finding, severity: "info", rule: "unused-allow" },
];
const rules = ["rewrite", "unused-allow"].map((id) => ({
  ...({
    id,
    severity: "error",
    summary: "s",
    why: "w",
    url: `https://example.org/#${id}`,
  } as const),
}));
const tool = { version: "1.2.3", rules };

const sarifOf = (findings: readonly StatementFinding[]) =>
  JSON.parse(JSON.stringify(sarifDocument(findings, tool, process.cwd()))) as Json;

describe("SARIF", () => {
  test("the document is what SARIF 2.1.0 requires", () => {
    expect(objectionsToSarif(sarifOf([finding, ...others]))).toEqual([]);
    expect(objectionsToSarif(sarifOf([]))).toEqual([]);
  });

  test("places are relative to the root, encoded, and cover the statement", () => {
    const [first] = (sarifOf([finding]) as { runs: { results: Json[] }[] }).runs[0]?.results ?? [];
    expect(first).toMatchObject({
      ...{ ruleId: "rewrite", ruleIndex: 0, level: "error" },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: "drizzle/app/0001_%C3%A9%20b.sql", uriBaseId: "ROOT" },
            region: { startLine: 3, endLine: 4 },
          },
        },
      ],
    });
  });

  test("the fingerprint of a finding does not depend on its line", () => {
    const prints = JSON.stringify(sarifOf([finding])).match(/[0-9a-f]{64}/g);
    expect(JSON.stringify(sarifOf([{ ...finding, line: 7 }])).match(/[0-9a-f]{64}/g)).toEqual(
      prints,
    );
  });

  test.each([
    ["a wrong version", { version: "2.0.0" }],
    ["a level that does not exist", { level: "info" }],
    ["a rule that the tool does not have", { ruleIndex: 7 }],
    ["a line 0", { startLine: 0 }],
    ["an uri with a space", { uri: "a b.sql" }],
    ["an uri without a base that is defined", { uriBaseId: "SRC" }],
    ["a message without a text", { text: 3 }],
  ])("the check of this test finds %s", (_, change: Record<string, unknown>) => {
    const broken = JSON.parse(
      JSON.stringify(sarifOf([finding]), (key, value) => (key in change ? change[key] : value)),
    );
    expect(objectionsToSarif(broken)).not.toEqual([]);
  });
});

test("annotations of GitHub have the level of the finding, and end with the page", () => {
  const lines = githubLintText([finding, ...others], process.cwd()).split("\n");
  expect(lines.map((line) => line.split(" ")[0])).toEqual(["::error", "::warning", "::notice"]);
  expect(lines[0]).toMatch(
    /100%25%0A-> Write:%0Asomething else%0Ahttps:\/\/example\.org\/#rewrite$/,
  );
});

test("Markdown shows names and SQL as they are", () => {
  const statement = "SELECT '```'";
  const text = lintMarkdown({
    selection: { kind: "all" },
    migrations: [{ service: "app", tag: "0001" }],
    findings: [{ ...finding, statement }],
    untraced: [],
  });
  expect(text).toContain("a is \\<b\\>written\\</b\\> \\*anew\\*, 100%");
  expect(text).toContain("````sql\nSELECT '```'\n````");
});

test("sizes have PostgreSQL's units", () => {
  expect(["0B", "8kB", "1.5 MB", "2gb", "1TB"].map(parseSize)).toEqual([
    ...[0, 8192, 1_572_864, 2_147_483_648, 1_099_511_627_776],
  ]);
  expect(["", "8", "MB", "-1MB", "1PB", "99999999TB"].map(parseSize)).toEqual(
    Array.from({ length: 6 }, () => undefined),
  );
});
