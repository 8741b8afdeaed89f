import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { run } from "./cli.ts";
import { type Block, blocksOf } from "./markdown.ts";

/**
 * What a reader of a page does, in order: `run` the commands of a block, whose output is shown in the block after it,
 * or `write` a file.
 */
type Step =
  | {
      readonly kind: "run";
      readonly line: number;
      readonly script: string;
      readonly output: string;
    }
  | { readonly kind: "write"; readonly file: string; readonly text: string };

/** True if the commands of a page are run by a test. */
export const isRun = (page: string) => page.startsWith("<!-- commands: run -->");

/**
 * Does everything that a page tells its reader to do: it writes each block with a file's name to that file, and runs
 * each block of commands with `bash -e`. A block of text after commands is their output. Blocks marked `(sketch)` are
 * left out. Variables and the current folder are kept from one block to the next, as in a terminal.
 *
 * @param folder an empty folder
 * @param fleet the packed tool, which is installed instead of the one from the registry
 */
export async function followPage(page: string, folder: string, fleet: string): Promise<void> {
  const state = join(dirname(fleet), "shell");
  await writeFile(state, "");
  for (const step of stepsOf(page)) {
    if (step.kind === "write") await write(join(folder, step.file), step.text);
    else await runStep(step, folder, state, fleet);
  }
}

function stepsOf(page: string): Step[] {
  const blocks = blocksOf(page).filter(({ note }) => note !== "(sketch)");
  return blocks.flatMap((block, at): Step[] => {
    const [, file] = /^\[(.+)\]$/.exec(block.note) ?? [];
    if (file !== undefined) return [{ kind: "write", file, text: `${block.text}\n` }];
    if (block.language !== "sh" && block.language !== "bash") return [];
    return [
      { kind: "run", line: block.line, script: block.text, output: outputAfter(blocks[at + 1]) },
    ];
  });
}

const outputAfter = (next: Block | undefined) => (next?.language === "text" ? next.text : "");

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

async function runStep(
  { line, script, output }: Step & { kind: "run" },
  folder: string,
  state: string,
  fleet: string,
): Promise<void> {
  const own = script.replace(
    /^(npm install .*?)\bdrizzle-fleet\b/gm,
    (_, before) => before + fleet,
  );
  const whole = `exec 2>&1; . "${state}"; trap '{ export -p; echo "cd $PWD"; } > "${state}"' EXIT\n${own}`;
  const { code, stdout } = await run(folder, "bash", ["-e", "-c", whole]);
  expect(code, `line ${line}: ${script}\n${stdout}`).toBe(0);
  if (output !== "") expectOutput(stdout, output, `line ${line}: ${script}`);
}

/**
 * Expects every line that a page shows. Targets end in any order, so that of the lines does not count, and a page can leave
 * lines out. Numbers, times and spaces can differ.
 */
function expectOutput(actual: string, shown: string, place: string): void {
  const left = normalized(actual);
  const missing = normalized(shown).filter((line) => {
    const at = left.indexOf(line);
    if (at !== -1) left.splice(at, 1);
    return at === -1 && line !== "...";
  });
  expect(missing, `${place}\n${actual}`).toEqual([]);
}

const normalized = (text: string) =>
  text
    .split("\n")
    .map((line) =>
      line
        .trim()
        .replace(/\s+/g, " ")
        .replace(/\d+(\.\d+)?/g, "#"),
    )
    .filter((line) => line !== "");
