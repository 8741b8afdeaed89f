import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { exitCode, exitCodeMeanings, exitCodesOfErrors } from "../../src/cli/exit-codes.ts";
import { environmentVariables } from "../../src/cli/help/environment.ts";
import { helpWidth } from "../../src/cli/help/layout.ts";
import { programOf } from "../../src/cli/program.ts";
import { widthOf } from "../../src/core/width.ts";

const repository = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(repository, path), "utf8");

const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
const commands = () => all(programOf(async () => {}));

/** A command's words: `drizzle-fleet tenants add`. */
function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}

/** The complete help of a command, with the sections below its options. */
function helpOf(command: Command, columns: number | undefined): string {
  let written = "";
  command.configureOutput({
    writeOut: (text) => {
      written += text;
    },
    getOutHelpWidth: () => helpWidth(columns === undefined ? {} : { isTTY: true, columns }),
  });
  command.outputHelp();
  return written;
}

/** The commands below "Examples:", each on one line. */
function examplesOf(help: string): string[] {
  const [, section = ""] = /^Examples:\n((?: .*\n)+)/m.exec(help) ?? [];
  return section
    .replace(/ \\\n\s+/g, " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("# "));
}

/** Splits a command into words as a shell does, without variables and up to a redirection. */
function wordsOf(line: string): string[] {
  const words: string[] = line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  const redirected = words.indexOf(">");
  return (redirected === -1 ? words : words.slice(0, redirected)).map((word) =>
    word.replace(/["']/g, ""),
  );
}

describe("the help of every command", () => {
  test.each(commands().map((command) => [nameOf(command), command] as const))(
    "%s",
    async (name, command) => {
      await expect(helpOf(command, 80)).toMatchFileSnapshot(
        join(import.meta.dirname, "help", `${name.replaceAll(" ", "-")}.txt`),
      );
    },
  );

  test("is kept for no other command", () => {
    const files = commands().map((command) => `${nameOf(command).replaceAll(" ", "-")}.txt`);
    expect(readdirSync(join(import.meta.dirname, "help")).sort()).toEqual(files.sort());
  });

  test.each([40, 80, 120, undefined])("fits %s columns, except for addresses", (width) => {
    const shown = commands();
    expect(shown.length).toBeGreaterThan(25);
    for (const command of shown) {
      const lines = helpOf(command, width).split("\n");
      const long = lines.filter((line) => widthOf(line) > (width ?? 80));
      expect(
        long.filter((line) => !/^ {2}https:\S+$/.test(line)),
        nameOf(command),
      ).toEqual([]);
    }
  });

  test("puts descriptions below their options if there is no room beside them", () => {
    const migrate = commands().find((command) => command.name() === "migrate");
    expect(helpOf(migrate as Command, 40)).toContain(
      "  --statement-timeout <duration>\n      cancel statements running longer\n      than this (default: 15m)\n",
    );
  });

  test("links to a page that exists, below the homepage of the package", () => {
    const { homepage } = JSON.parse(read("package.json")) as { homepage: string };
    for (const command of commands()) {
      const [, url = ""] = /^Documentation:\n {2}(\S+)\n/m.exec(helpOf(command, 80)) ?? [];
      const [, page] = /\/blob\/main\/(docs\/[\w-]+\.md)$/.exec(url) ?? [];
      if (page === undefined) expect(url).toBe(homepage);
      else expect(read(page), url).toMatch(/^# /);
      expect(url).toContain(homepage.replace("#readme", ""));
    }
  });
});

describe("the examples of every command", () => {
  test("are accepted by the command line, and each command has one of its own", async () => {
    for (const command of commands()) {
      const examples = examplesOf(helpOf(command, 80));
      expect(examples.length, nameOf(command)).toBeGreaterThan(0);
      for (const example of examples) {
        const words = wordsOf(example);
        if (words[0] === "git") continue;
        expect(words.slice(0, 2), example).toEqual(["npx", "drizzle-fleet"]);
        if (words.includes("--help")) continue;
        let runs = 0;
        const program = programOf(async () => {
          runs += 1;
        });
        await program.parseAsync(["node", ...words.slice(1)]);
        expect(runs, example).toBe(1);
      }
      const own = examples.filter((example) => example.startsWith(`npx ${nameOf(command)}`));
      expect(own.length, nameOf(command)).toBeGreaterThan(0);
    }
  });

  test("read as one command where they are broken into lines", () => {
    for (const command of commands())
      expect(examplesOf(helpOf(command, 40)), nameOf(command)).toEqual(
        examplesOf(helpOf(command, 80)),
      );
  });
});

test("an option has the same short name and value in every command", () => {
  const seen = new Map<string, string>();
  // These are different things in different commands.
  const different = ["--database", "--service", "--accept"];
  for (const { options } of commands())
    for (const { flags, long } of options) {
      if (long === undefined || different.includes(long)) continue;
      expect(flags).toBe(seen.get(long) ?? flags);
      seen.set(long, flags);
    }
  expect(seen.size).toBeGreaterThan(40);
});

describe("exit codes", () => {
  test("are given to every kind of error, and explained in the help and the README", () => {
    const source = read("src/core/errors.ts");
    const [, union = ""] = /export type FleetErrorCode =([^;]+);/.exec(source) ?? [];
    const codes = [...union.matchAll(/\| "(\w+)"/g)].map(([, code]) => code);
    expect(codes.length).toBeGreaterThan(15);
    expect(Object.keys(exitCodesOfErrors).sort()).toEqual(codes.sort());
    const [program] = commands();
    const help = helpOf(program as Command, 100);
    const readme = read("README.md").replaceAll("`", "");
    for (const code of Object.values(exitCode)) {
      expect(help).toContain(`\n  ${String(code).padEnd(5)}${exitCodeMeanings[code]}\n`);
      expect(readme).toContain(`\n| ${code} | ${exitCodeMeanings[code]} |\n`);
    }
  });

  test("are set by nothing but the main program", () => {
    const files = readdirSync(join(repository, "src"), { recursive: true, encoding: "utf8" });
    const sources = files.filter((file) => file.endsWith(".ts"));
    expect(sources.length).toBeGreaterThan(100);
    const allowed = ["cli/main.ts", "cli/bin.ts"];
    const guilty = sources
      .filter((file) => !allowed.includes(file.replaceAll("\\", "/")))
      .filter((file) => /process\.(exit\(|exitCode\s*=[^=])/.test(read(`src/${file}`)));
    expect(guilty).toEqual([]);
  });
});

test("every environment variable of the help is documented", () => {
  const documented = read("docs/configuration.md");
  for (const names of Object.keys(environmentVariables))
    for (const name of names.split(", ")) expect(documented).toContain(`\`${name}`);
});

test("plan offers the options that it depends on, and migrate offers all", () => {
  const optionsOf = (name: string) =>
    commands()
      .filter((command) => command.name() === name)
      .flatMap((command) => command.options.map(({ long }) => long));
  const plan = optionsOf("plan");
  const onlyRuns = [
    ...["--soak", "--verify", "--on-error", "--max-failures", "--concurrency"],
    ...["--lock-timeout", "--statement-timeout", "--sql", "--from", "--dry-run"],
    ...["--verbose", "--quiet", "--accept-failures", "--grace"],
    ...["--preflight", "--failing", "--rehearse", "--rehearse-up-to", "--disk-free"],
  ];
  expect(plan).toEqual([
    ...["--to", "--contract", "--contract-all", "--allow-out-of-order", "--require-no-drift"],
    ...["--service", "--tenant", "--database", "--failed"],
    ...["--canary", "--wave", "--connect-timeout", "--json", "--config"],
  ]);
  expect([...optionsOf("migrate")].sort()).toEqual([...plan, ...onlyRuns].sort());
});
