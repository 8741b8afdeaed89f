import { type AddHelpTextContext, type Command, Help } from "commander";

/** Columns of help where there is no terminal, and the most that its text takes. */
const usualWidth = 80;

/** Narrower than this a description stands below its term. */
const narrowest = 24;

/** How wide help may be: as the terminal, or as usual where there is none. */
export function helpWidth(stream: { isTTY?: boolean; columns?: number }): number {
  return stream.isTTY === true ? (stream.columns ?? 0) || usualWidth : usualWidth;
}

/** Has the help of a command fit its width. */
export function fitHelp(command: Command): void {
  command.configureHelp({ minWidthToWrap: narrowest, formatItem, commandUsage });
}

function formatItem(
  this: Help,
  term: string,
  termWidth: number,
  description: string,
  helper: Help,
): string {
  const width = helper.helpWidth ?? usualWidth;
  if (description === "" || width - termWidth - 4 >= narrowest)
    return Help.prototype.formatItem.call(this, term, termWidth, description, helper);
  const below = helper.boxWrap(description, Math.max(narrowest, width - 6));
  return `  ${term}\n${below.replace(/^/gm, "      ")}`;
}

function commandUsage(this: Help, command: Command): string {
  const usage = Help.prototype.commandUsage.call(this, command);
  const width = (this.helpWidth ?? usualWidth) - "Usage: ".length;
  return this.boxWrap(usage, Math.max(narrowest, width)).replaceAll("\n", "\n       ");
}

/**
 * Text below the options of a verb. Its paragraphs are wrapped to the terminal, at most 80 columns; lines that begin
 * with a space, such as examples, stay as they are.
 */
export function footer(text: string): (context: AddHelpTextContext) => string {
  return ({ command }) => {
    const terminal = command.configureOutput().getOutHelpWidth?.() ?? usualWidth;
    const width = Math.min(usualWidth, terminal);
    const help = command.createHelp();
    help.minWidthToWrap = narrowest;
    const paragraphs = text
      .split("\n\n")
      .map((paragraph) =>
        help.boxWrap(paragraph.trimEnd().replace(/(?<=\S)\n(?=\S)/g, " "), width),
      );
    return paragraphs.join("\n\n");
  };
}
