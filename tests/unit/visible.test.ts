import { afterEach, describe, expect, test, vi } from "vitest";
import { shortList } from "../../src/core/count.ts";
import { FleetError } from "../../src/core/errors.ts";
import {
  quotedName,
  shortened,
  visible,
  visibleJson,
  visibleLine,
} from "../../src/core/visible.ts";
import { githubText } from "../../src/report/github.ts";
import { showProgress } from "../../src/report/progress.ts";
import { style, writtenText } from "../../src/report/style.ts";
import { table } from "../../src/report/table.ts";
import { wrapLines } from "../../src/report/wrap.ts";

afterEach(() => void vi.unstubAllEnvs());

describe("characters that a terminal would execute or hide", () => {
  test.each([
    ["C0", "a\u001b[2Jb", "a\\u001b[2Jb"],
    ["carriage return", "done\rfailed", "done\\rfailed"],
    ["backspace and bell", "a\b\u0007", "a\\u0008\\u0007"],
    ["DEL", "a\u007fb", "a\\u007fb"],
    ["C1", "a\u009b2Jb\u0085", "a\\u009b2Jb\\u0085"],
    ["bidirectional overrides and isolates", "\u202eabc\u2066d", "\\u202eabc\\u2066d"],
    ["marks of direction", "a\u200e\u200f\u061c", "a\\u200e\\u200f\\u061c"],
    ["zero width", "a\u200bb\u200dc\u2060", "a\\u200bb\\u200dc\\u2060"],
    ["byte order mark", "\ufeffa", "\\ufeffa"],
    ["separators of lines", "a\u2028b\u2029", "a\\u2028b\\u2029"],
    ["other spaces", "a\u00a0b\u3000", "a\\u00a0b\\u3000"],
    ["fillers and variation selectors", "a\u3164\ufe0f", "a\\u3164\\ufe0f"],
    ["tags", "a\u{e0041}", "a\\u{e0041}"],
    ["lone surrogates", "a\ud800b\udc00", "a\\ud800b\\udc00"],
  ])("%s", (_, text, shown) => {
    expect(visible(text)).toBe(shown);
    expect(visibleLine(text)).toBe(shown);
    expect(JSON.parse(visibleJson(JSON.stringify(text)))).toBe(text);
    expect(visibleJson(JSON.stringify({ text }, null, 2))).toMatch(/^[\n -~]*$/);
  });

  test("letters of any script, line feeds and tabs stay in a text, and a name stays on one line", () => {
    const text = "größe 日本語 नमस्ते 😀\n\tb";
    expect(visible(text)).toBe(text);
    expect(visibleLine("a\n\tb")).toBe("a\\n\\tb");
    expect(quotedName("cafe\u0301")).toBe('"cafe\\u0301"');
  });

  test("an escaped text stays unchanged", () => {
    expect(visible(visible("a\u001b[2J\u202e"))).toBe("a\\u001b[2J\\u202e");
  });

  test("a long text is truncated between two characters, and shows how much is missing", () => {
    expect(shortened("short")).toBe("short");
    expect(shortened(`${"x".repeat(9)}😀${"y".repeat(90)}`, 10)).toBe(
      `${"x".repeat(9)}... and 92 more characters`,
    );
  });
});

describe("written output", () => {
  const terminal = { isTTY: true };

  test("has our colors on a terminal, and no others", () => {
    vi.stubEnv("NO_COLOR", "");
    vi.stubEnv("FORCE_COLOR", "");
    vi.stubEnv("TERM", "xterm");
    expect(writtenText(`a\u001b[31m${style("red", "x\u001b[0m")}b`, terminal)).toBe(
      "a\\u001b[31m\u001b[31mx\\u001b[0m\u001b[39mb",
    );
    expect(writtenText(style("red", "x"), {})).toBe("x");
    vi.stubEnv("NO_COLOR", "1");
    expect(writtenText(style("red", "x"), terminal)).toBe("x");
  });

  const red = "\u001b[31mx\u001b[39m";

  test.each([
    ["a terminal", { isTTY: true }, {}, red],
    ["a terminal in CI", { isTTY: true }, { CI: "true" }, red],
    ["NO_COLOR", { isTTY: true }, { NO_COLOR: "1" }, "x"],
    ["FORCE_COLOR=0", { isTTY: true }, { FORCE_COLOR: "0" }, "x"],
    ["TERM=dumb", { isTTY: true }, { TERM: "dumb" }, "x"],
    ["a program", {}, {}, "x"],
    ["a CI log", {}, { CI: "true" }, "x"],
    ["a CI log with FORCE_COLOR", {}, { CI: "true", FORCE_COLOR: "1" }, red],
    ["both", {}, { NO_COLOR: "1", FORCE_COLOR: "1" }, red],
  ])("has colors only where they are displayed: %s", (_, stream, environment, text) => {
    const unset = { CI: "", NO_COLOR: "", FORCE_COLOR: "", TERM: "xterm" };
    for (const [name, value] of Object.entries({ ...unset, ...environment }))
      vi.stubEnv(name, value);
    expect(writtenText(style("red", "x"), stream)).toBe(text);
  });

  test("contains no command for GitHub Actions in its logs, and is unchanged elsewhere", () => {
    const text = "failed:\n  ::error::x\n::add-mask::y\nmood::text ##[group]z";
    vi.stubEnv("GITHUB_ACTIONS", "");
    expect(writtenText(text, {})).toBe(text);
    vi.stubEnv("GITHUB_ACTIONS", "true");
    expect(writtenText(text, {})).toBe(
      "failed:\n  \\u003a:error::x\n\\u003a:add-mask::y\nmood::text \\u0023#[group]z",
    );
  });
});

describe("reports", () => {
  const rows = (...args: Parameters<typeof table>) =>
    wrapLines(table(...args).join("\n"), {}).split("\n");

  test("a cell of a table stays in its row, as wide as its escaped text", () => {
    expect(
      rows(
        ["name", "n"],
        [
          ["a\nb\u001b[2J", 1],
          ["c", 22],
        ],
      ),
    ).toEqual(["name            n", "a\\nb\\u001b[2J   1", "c              22"]);
    expect(shortList(["a\nb", "c"])).toBe("a\\nb, c");
  });

  test("a table can have more rows than a function takes arguments", () => {
    const rows = Array.from({ length: 200_000 }, () => ["a"]);
    expect(table(["name"], rows)).toHaveLength(200_001);
  });

  test("an annotation is a single line, whatever characters it contains", () => {
    const problem = new FleetError("syntax", "bad\r\n::set-env name=x::y\u001b[2J", {
      where: "drizzle/a,b\n::error::.sql:3:4",
      excerpt: "SELECT\u2028\n^",
      remedy: "100%\nsure",
    });
    const text = githubText([{ service: "a\n::warning::,b", problem, sql: ["x\ny"] }], ".");
    expect(text).toMatch(/^::error [ -~]*$/);
    expect(text).toContain("bad\\r%0A::set-env name=x::y\\u001b[2J%0ASELECT\\u2028%0A^%0Ax%0Ay");
    expect(text).toContain("title=drizzle-fleet%3A a%0A%3A%3Awarning%3A%3A%2Cb::");
    expect(text).toContain("-> 100%25%0Asure");
  });

  test.each([true, false])(
    "show no control characters of a server or a user in progress (terminal: %s)",
    (isTTY) => {
      vi.stubEnv("NO_COLOR", "");
      const written: string[] = [];
      const observe = showProgress({ isTTY, columns: 100, write: (text) => written.push(text) });
      const target = { database: "main", service: "app", tenant: "acme", schema: "app_acme" };
      observe({ type: "rolloutStarted", id: "1", waves: 2, targets: 2, steps: 4 });
      observe({ type: "waveStarted", wave: "a\u001b[8m", targets: 1, steps: 1 });
      observe({
        type: "targetRetried",
        target,
        attempt: 1,
        delayMs: 5,
        reason: "locked\r\u001b[1A日本語日本語日本語日本語日本語日本語",
        holders: [{ pid: 1, user: "u", application: "psql\u009b2J", query: "x", holds: "y\nz" }],
      });
      const ours = written.map((text) => text.replaceAll("\r\u001b[2K", "").replaceAll("\n", ""));
      expect(ours.join("")).toContain("locked\\r\\u001b[1A");
      for (const text of ours) expect(text).not.toMatch(/\p{C}/u);
    },
  );
});
