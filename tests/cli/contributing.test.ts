import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { run } from "../support/cli.ts";
import { createFolder } from "../support/fleet.ts";
import { repository } from "../support/repository.ts";

const page = await readFile(join(repository, "CONTRIBUTING.md"), "utf8");

/** The shell commands of a section, block by block. */
function commandsUnder(heading: string): string[] {
  const section = page.split(/^#+ /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  const blocks = [...section.matchAll(/^ *```sh\n(.*?)^ *```/gms)];
  return blocks.map(([, text = ""]) => text.trim());
}

async function follow(command: string, environment: Record<string, string> = {}) {
  // Vitest inside Vitest must not inherit the settings of the worker that runs this test.
  const clean = `for name in $(env | sed -n 's/^\\(VITEST[A-Z_]*\\)=.*/\\1/p'); do unset $name; done`;
  const result = await run(repository, "sh", ["-ec", `${clean}; ${command}`], environment);
  expect(result, `${command}\n${result.stdout}${result.stderr}`).toMatchObject({ code: 0 });
  return result.stdout;
}

describe("CONTRIBUTING.md", () => {
  test("names only files and npm scripts that exist", async () => {
    const { scripts } = JSON.parse(await readFile(join(repository, "package.json"), "utf8"));
    const named = [...page.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name ?? "");
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
    const paths = [...page.matchAll(/\b(?:tests|src|docs|scripts)\/[\w./-]*\w/g)]
      .map(([path]) => path)
      // Except a path that the reader creates, and patterns.
      .filter((path) => !/index-on-two-columns|random-pairs-$|^src\/.*\/$/.test(path));
    expect(paths.length).toBeGreaterThan(15);
    expect(paths.filter((path) => !existsSync(join(repository, path)))).toEqual([]);
  });

  test("shows how to run one test", { timeout: 120_000 }, async () => {
    const [commands = ""] = commandsUnder("Run one test");
    for (const command of commands.split("\n")) {
      const output = await follow(command);
      expect(output).toMatch(/Test Files .*1 passed/);
      expect(output).not.toContain("No test");
    }
  });

  test("shows how to get a stack trace with lines of src/", async () => {
    const [commands = ""] = commandsUnder("Debug the CLI");
    expect(commands).toContain("node --enable-source-maps dist/cli/main.js check");
    const script = `import(${JSON.stringify(join(repository, "dist/core/template.js"))}).then(({ fill }) => fill(undefined, "x"))`;
    const traced = await run(repository, process.execPath, ["--enable-source-maps", "-e", script]);
    expect(traced.stderr).toMatch(/src\/core\/template\.ts:\d+/);
  });

  test("shows how to add a statement to the corpus", { timeout: 120_000 }, async () => {
    const [commands = ""] = commandsUnder("Add a migration statement to the corpus");
    const folder = await createFolder();
    await follow(commands.replaceAll("tests/corpus/", `${folder}/`), { CORPUS_FOLDER: folder });
    expect(await readFile(join(folder, "index-on-two-columns/neutral.sql"), "utf8")).toBe(
      'CREATE INDEX "a_b" ON "{tenant}"."t" ("a", "b");\n',
    );
  });
});
