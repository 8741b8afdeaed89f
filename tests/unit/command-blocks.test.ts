import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { problemOfCommand } from "../support/known-commands.ts";
import { type Block, blocksOf, pagesOfRepository, readPage } from "../support/markdown.ts";
import { commandsIn } from "../support/shell.ts";

const pages = pagesOfRepository();

/** The languages of blocks that are not commands. */
const languages = [
  "text",
  "ts",
  "js",
  "json",
  "yaml",
  "sql",
  "dockerfile",
  "ini",
  "python",
  "diff",
];

const isCommands = ({ language }: Block) => language === "sh" || language === "bash";

/** Each problem with the place of its command. */
async function problemsOf(page: string, line: number, script: string): Promise<string[]> {
  const problems = await Promise.all(
    commandsIn(script).map(async (command) => {
      const problem = await problemOfCommand(command);
      return problem === undefined ? [] : `${page}:${line + command.line - 1}: ${problem}`;
    }),
  );
  return problems.flat();
}

describe.each(pages)("%s", (page) => {
  const text = readPage(page);
  const blocks = blocksOf(text);

  test("names the language of each block", () => {
    const unknown = blocks.filter(
      (block) => !isCommands(block) && !languages.includes(block.language),
    );
    expect(unknown.map(({ line, language }) => `${page}:${line}: "${language}"`)).toEqual([]);
  });

  test("has only commands that exist, with options that they have", async () => {
    const found = await Promise.all(
      blocks.filter(isCommands).map((block) => problemsOf(page, block.line, block.text)),
    );
    expect(found.flat()).toEqual([]);
  });

  test("has only commands that bash can read", () => {
    // One script with each block at its own line, so that bash's messages name the lines of the page.
    const lines: string[] = [];
    for (const block of blocks.filter(isCommands)) {
      while (lines.length < block.line - 1) lines.push("");
      lines.push(...block.text.split("\n"));
    }
    const checked = spawnSync("bash", ["-n"], { input: lines.join("\n"), encoding: "utf8" });
    expect(checked.stderr).toBe("");
    expect(checked.status).toBe(0);
  });

  test("names such commands in its text and in files, too", async () => {
    const prose = text.replace(/^ *```.*?^ *```$/gms, "");
    const named = [...prose.matchAll(/`(?:[A-Z_]+=\S+ )?(npx drizzle-fleet(?: [^`<]*)?)`/g)];
    const inFiles = blocks
      .filter(({ language }) => ["yaml", "json", "dockerfile"].includes(language))
      .flatMap((block) => [...block.text.matchAll(/\b(npx drizzle-fleet [^"'#|&;\n]*)/g)]);
    const commands = [...named, ...inFiles].map(([, command = ""]) =>
      command.replaceAll("\n", " "),
    );
    const found = await Promise.all(
      commands
        .filter((command) => !command.includes("..."))
        .map((command) => problemsOf(page, 1, command)),
    );
    // In a sentence, a command can be named without its arguments.
    expect(found.flat().filter((problem) => !/missing required argument/.test(problem))).toEqual(
      [],
    );
  });

  test("shows commands in blocks of commands", () => {
    const hidden = blocks
      .filter(({ language }) => language === "text")
      .filter(({ text: output }) => /^(\$ |npx drizzle-fleet\b(?!.*\[options\]))/m.test(output));
    expect(hidden.map(({ line }) => `${page}:${line}`)).toEqual([]);
  });

  test("has JSON and YAML that can be parsed", () => {
    for (const { language, text: content } of blocks) {
      if (language === "json") JSON.parse(content);
      // Helm's templates become YAML only when they are rendered.
      if (language !== "yaml" || /^\s*\{\{/m.test(content)) continue;
      for (const { errors } of parseAllDocuments(content)) expect(errors).toEqual([]);
    }
  });
});

describe("the reader of commands", () => {
  test("finds every command of a script", () => {
    const script = `# a comment
A=1 npx drizzle-fleet migrate --tenant 'a b' > out.txt 2>&1 # another comment
for x in a b; do echo "$x" | grep -q a && true; done
cat > file <<'EOF'
not a command
EOF
kubectl logs "job/$(kubectl get jobs -o name | head -1)" \\
  --follow`;
    expect(commandsIn(script)).toEqual([
      { line: 2, words: ["npx", "drizzle-fleet", "migrate", "--tenant", "a b"] },
      { line: 3, words: ["echo", "$x"] },
      { line: 3, words: ["grep", "-q", "a"] },
      { line: 3, words: ["true"] },
      { line: 4, words: ["cat"] },
      { line: 7, words: ["kubectl", "get", "jobs", "-o", "name"] },
      { line: 7, words: ["head", "-1"] },
      {
        line: 8,
        words: ["kubectl", "logs", "job/$(kubectl get jobs -o name | head -1)", "--follow"],
      },
    ]);
  });

  test.each([
    ["npx drizzle-fleet migrat", /unknown command/],
    ["npx drizzle-fleet migrate --cannary 5", /unknown option/],
    ["npx drizzle-fleet tenants ad acme", /does not exist/],
    ["npm run migrate:everything", /no script/],
    ["npm install drizzle-flet", /unknown packages/],
    ["helm upgarde app chart", /does not know helm upgarde/],
    ["terraform apply", /does not know terraform/],
    ["node scripts/missing.mjs", /does not exist/],
    ["docker run --rm drizzle-fleet:1 migrate --al", /unknown option/],
  ])("refuses %s", async (command, problem) => {
    const [found] = await problemsOf("page", 1, command);
    expect(found).toMatch(problem);
  });
});
