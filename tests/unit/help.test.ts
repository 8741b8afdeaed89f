import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { helpWidth } from "../../src/cli/help.ts";
import { writeUsageOf } from "../../src/cli/output.ts";
import { programOf } from "../../src/cli/program.ts";
import { widthOf } from "../../src/core/width.ts";

const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
const verbs = () => all(programOf(() => {}));

/** The whole help of a verb, with what stands below the options. */
function helpOf(command: Command, columns: number | undefined): string {
  let written = "";
  writeUsageOf(command);
  command.configureOutput({
    writeOut: (text) => {
      written += text;
    },
    getOutHelpWidth: () => helpWidth(columns === undefined ? {} : { isTTY: true, columns }),
  });
  command.outputHelp();
  return written;
}

describe("the help of every verb", () => {
  test.each([40, 80, 120, undefined])("fits %s columns", (width) => {
    const commands = verbs();
    expect(commands.length).toBeGreaterThan(25);
    for (const command of commands) {
      const lines = helpOf(command, width).split("\n");
      const long = lines.filter((line) => widthOf(line) > (width ?? 80));
      expect(long, command.name()).toEqual([]);
    }
  });

  test("puts descriptions below their options if there is no room beside them", () => {
    const help = verbs().flatMap((one) => (one.name() === "migrate" ? [helpOf(one, 40)] : []))[0];
    expect(help).toContain(
      "  --statement-timeout <duration>\n      end a longer statement: 90s, 1h\n",
    );
    expect(help).toContain(
      "\n\nWith --json, standard output is one\nevent per line, and last a summary.",
    );
  });
});

test("plan offers the options that it depends on, and migrate offers all", () => {
  const optionsOf = (name: string) =>
    verbs()
      .filter((command) => command.name() === name)
      .flatMap((command) => command.options.map(({ long }) => long));
  const plan = optionsOf("plan");
  const onlyRuns = [
    ...["--soak", "--verify", "--on-error", "--max-failures", "--concurrency"],
    ...["--lock-timeout", "--statement-timeout", "--sql", "--from", "--dry-run"],
  ];
  expect(plan).toEqual([
    ...["--to", "--config", "--json", "--service", "--tenant", "--database"],
    ...["--failed", "--canary", "--wave", "--allow-out-of-order"],
  ]);
  expect([...optionsOf("migrate")].sort()).toEqual([...plan, ...onlyRuns].sort());
});
