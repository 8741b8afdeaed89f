import { type Command, Help } from "commander";

/** The width of help without a terminal, in columns. */
const usualWidth = 80;

/** Help is never wider: longer lines are hard to read. */
const widest = 100;

/** With less room than this beside a term, its description goes below it. */
const narrowest = 24;

/** How wide help is: as wide as the terminal, within limits. */
export function helpWidth(stream: { isTTY?: boolean; columns?: number }): number {
  if (stream.isTTY !== true) return usualWidth;
  return Math.min((stream.columns ?? 0) || usualWidth, widest);
}

/** Makes the help of a command fit its width. */
export function fitHelp(command: Command): void {
  command.configureHelp({ minWidthToWrap: narrowest, formatItem, commandUsage, subcommandTerm });
}

function formatItem(
  this: Help,
  term: string,
  termWidth: number,
  description: string,
  helper: Help,
): string {
  const width = helper.helpWidth ?? usualWidth;
  // A single long term does not push the descriptions of all the others to the right.
  const column = Math.min(termWidth, Math.floor(width * 0.4));
  const isBeside = term.length <= column && width - column - 4 >= narrowest;
  if (description === "" || isBeside)
    return Help.prototype.formatItem.call(this, term, column, description, helper);
  const below = helper.boxWrap(description, Math.max(narrowest, width - 6));
  return `  ${term}\n${below.replace(/^/gm, "      ")}`;
}

/** A command with its arguments; that it has options goes without saying. */
function subcommandTerm(command: Command): string {
  const words = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [command.name(), ...words].join(" ");
}

function commandUsage(this: Help, command: Command): string {
  const usage = Help.prototype.commandUsage.call(this, command);
  const width = (this.helpWidth ?? usualWidth) - "Usage: ".length;
  return this.boxWrap(usage, Math.max(narrowest, width)).replaceAll("\n", "\n       ");
}

/** Sections below the options of a verb, laid out to the width that the options have. */
export class SectionLayout {
  readonly #help: Help;
  readonly #width: number;

  constructor(command: Command) {
    this.#width = command.configureOutput().getOutHelpWidth?.() ?? usualWidth;
    this.#help = command.createHelp();
    this.#help.prepareContext({ helpWidth: this.#width });
  }

  /** Terms with their descriptions beside or below them. */
  terms(items: Readonly<Record<string, string>>): string[] {
    const widestTerm = Math.max(...Object.keys(items).map((term) => term.length));
    return Object.entries(items).map(([term, description]) =>
      this.#help.formatItem(term, widestTerm, description, this.#help),
    );
  }

  /** What a command does, and the command below it, ready to copy. */
  example(does: string, command: string): string[] {
    const comment = this.#help.boxWrap(does, Math.max(narrowest, this.#width - 4));
    return [...comment.split("\n").map((line) => `  # ${line}`), ...this.#commandLines(command)];
  }

  /** Breaks a command between words, in the way a shell reads as one line. */
  #commandLines(command: string): string[] {
    const lines: string[] = [];
    let line = " ";
    for (const word of command.match(/(?:"[^"]*"|'[^']*'|\S)+/g) ?? []) {
      if (line.trim() !== "" && line.length + word.length + 3 > this.#width) {
        lines.push(`${line} \\`);
        line = "   ";
      }
      line += ` ${word}`;
    }
    return [...lines, line];
  }
}
