import { code, generatedFrom, page, table, withOptions, wrap } from "./markdown.mjs";

/** Wide enough that no line of help is broken. */
const columns = 10_000;

/** The sections of a command's help, by heading. What comes before the first heading is below "". */
function helpOf(command) {
  let text = "";
  command.configureOutput({
    writeOut: (written) => {
      text += written;
    },
    getOutHelpWidth: () => columns,
  });
  command.outputHelp();
  const sections = new Map([["", []]]);
  let current = sections.get("");
  for (const line of text.split("\n")) {
    if (/^\S[^:]*:$/.test(line)) {
      current = [];
      sections.set(line.slice(0, -1), current);
    } else if (line.trim() !== "") current.push(line);
  }
  return sections;
}

/** The lines of a section: terms and their descriptions. */
const termsIn = (lines) =>
  lines.map((line) => {
    const [, term, description = ""] = /^ {2}(\S.*?)(?: {2,}(.*))?$/.exec(line);
    return [term, description];
  });

const described = (lines) => termsIn(lines).map(([term, text]) => [code(term), withOptions(text)]);

/** Arguments and options in one table: each group begins with a line of its own. */
function optionsTable(sections) {
  const known = [
    "",
    "Examples",
    "Environment variables",
    "Exit codes",
    "Documentation",
    "Commands",
  ];
  const groups = [...sections].filter(([heading]) => !known.includes(heading));
  const rows = groups.flatMap(([heading, lines]) => {
    const shown = lines.filter((line) => !line.includes("-h, --help"));
    return shown.length === 0 ? [] : [[`**${heading}**`, ""], ...described(shown)];
  });
  return table(["argument or option", "meaning"], rows);
}

function examples(lines) {
  const shown = lines.map((line) => line.slice(2));
  return `\`\`\`sh\n${shown.join("\n")}\n\`\`\``;
}

/** The path of a page of docs/ from docs/reference/. */
function seeAlso([address = ""] = []) {
  const [, name] = /\/docs\/([\w-]+\.md)$/.exec(address) ?? [];
  return name === undefined
    ? ""
    : `See also: [${name.slice(0, -3).replaceAll("-", " ")}](../${name})`;
}

function commandPart(command, name, heading) {
  const sections = helpOf(command);
  const [usage = "", ...paragraphs] = sections.get("");
  const variables = sections.get("Environment variables") ?? [];
  const subcommands = command.commands.filter((one) => one.name() !== "help");
  return [
    `${heading} ${name}`,
    ...paragraphs.map((text) => wrap(withOptions(text))),
    `\`\`\`text\n${usage.replace("Usage: ", "npx ")}\n\`\`\``,
    optionsTable(sections),
    examples(sections.get("Examples") ?? []),
    variables.length === 0 ? "" : table(["variable", "meaning"], described(variables)),
    table(["exit code", "meaning"], described(sections.get("Exit codes") ?? [])),
    seeAlso(sections.get("Documentation")?.map((line) => line.trim())),
    ...subcommands.flatMap((one) => commandPart(one, `${name} ${one.name()}`, "###")),
  ];
}

/** A table of contents: each command, with a link to its part. */
function contents(program, sections) {
  const commands = program.commands.filter((one) => one.name() !== "help");
  const rows = commands.map((command) => [
    `[${code(command.name())}](#${command.name()})`,
    withOptions(command.summary()),
  ]);
  return [table(["command", "purpose"], rows), examples(sections.get("Examples") ?? [])];
}

/** The page of all commands, from the program itself. */
export function commandLinePage(program) {
  const sections = helpOf(program);
  const commands = program.commands.filter((one) => one.name() !== "help");
  return page(
    generatedFrom("src/cli"),
    "# Command line",
    wrap(
      "Every command, as its `--help` describes it. Run each as `npx drizzle-fleet <command>`. See also: " +
        "[exit codes](exit-codes.md), [environment variables](environment.md), [JSON output](json.md).",
    ),
    ...contents(program, sections),
    table(["option", "meaning"], described(sections.get("General") ?? [])),
    ...commands.flatMap((command) => commandPart(command, command.name(), "##")),
  );
}
