/** A command in a shell script: its words without quotes, variables in front of it and redirections. */
export interface ShellCommand {
  /** The line of the script, from 1. */
  readonly line: number;
  readonly words: readonly string[];
}

/** Words that begin or end a compound command, and are followed by a command. */
const keywords = new Set([
  "if",
  "then",
  "else",
  "elif",
  "while",
  "until",
  "do",
  "!",
  "{",
  "}",
  "time",
]);

/** Words with which a command only ends. */
const ends = new Set(["fi", "done", "esac"]);

/**
 * The commands of a shell script, also those within `$(...)`. It reads what examples in documentation use: quotes,
 * comments, pipes, loops, redirections and here-documents. `bash -n` checks the syntax.
 */
export function commandsIn(script: string): ShellCommand[] {
  return new ShellReader(script).read();
}

class ShellReader {
  readonly #text: string;
  readonly #found: ShellCommand[] = [];
  #at = 0;
  #words: string[] = [];
  #word: string | undefined;
  #skipsWord = false;
  #documents: string[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  read(): ShellCommand[] {
    while (this.#at < this.#text.length) this.#step();
    this.#endCommand();
    return this.#found;
  }

  #step(): void {
    const rest = this.#text.slice(this.#at);
    const [operator] =
      /^(?:\\\n|[0-9]?<<-?|[0-9&]?>>?&?[0-9]?|<|&&|\|\||[;|&()\n])/.exec(rest) ?? [];
    if (rest.startsWith("\\\n")) this.#at += 2;
    else if (rest.startsWith("#") && this.#word === undefined) this.#at += rest.search(/\n|$/);
    else if (/^[ \t]/.test(rest)) this.#skip(1);
    else if (operator !== undefined && !(this.#word !== undefined && /^\d/.test(operator)))
      this.#operator(operator);
    else this.#wordPart(rest);
  }

  #skip(length: number): void {
    this.#endWord();
    this.#at += length;
  }

  #operator(operator: string): void {
    this.#skip(operator.length);
    if (operator.includes("<<")) this.#hereDocument();
    else if (/[<>]/.test(operator)) this.#skipsWord = !/&\d$/.test(operator);
    else this.#endCommand();
    if (operator === "\n") this.#skipDocuments();
  }

  #hereDocument(): void {
    const [whole = "", , name = ""] = /^ *(["']?)(\w+)\1/.exec(this.#text.slice(this.#at)) ?? [];
    this.#at += whole.length;
    this.#documents.push(name);
  }

  #skipDocuments(): void {
    for (const name of this.#documents) {
      const end = new RegExp(`^\\t*${name}$`, "m").exec(this.#text.slice(this.#at));
      this.#at += end === null ? this.#text.length : end.index + end[0].length;
    }
    this.#documents = [];
  }

  #wordPart(rest: string): void {
    const [quoted] = /^(?:'[^']*'|"(?:[^"\\]|\\[\s\S])*")/.exec(rest) ?? [];
    const part = quoted ?? substitution(rest) ?? (/^\\[\s\S]/.exec(rest)?.[0] || rest.charAt(0));
    this.#word = (this.#word ?? "") + (quoted === undefined ? part : quoted.slice(1, -1));
    if (!part.startsWith("'"))
      for (const inner of substitutionsIn(part))
        this.#found.push(...commandsIn(inner).map(({ words }) => ({ words, line: this.#line() })));
    this.#at += part.length;
  }

  #endWord(): void {
    if (this.#word === undefined) return;
    if (this.#skipsWord) this.#skipsWord = false;
    else if (!(this.#words.length === 0 && isBeforeCommand(this.#word)))
      this.#words.push(this.#word);
    this.#word = undefined;
  }

  #endCommand(): void {
    this.#endWord();
    const [first] = this.#words;
    if (first !== undefined && first !== "for" && first !== "case" && !ends.has(first))
      this.#found.push({ line: this.#line(), words: this.#words });
    this.#words = [];
  }

  #line(): number {
    const before = this.#text.slice(0, this.#at).replace(/\n$/, "");
    return before.split("\n").length;
  }
}

const isBeforeCommand = (word: string) => keywords.has(word) || /^\w+=/.test(word);

/** The `$(...)` at the beginning of a text, with everything that it contains. */
function substitution(text: string): string | undefined {
  if (!text.startsWith("$(")) return undefined;
  let depth = 0;
  for (let at = 1; at < text.length; at += 1) {
    if (text[at] === "(") depth += 1;
    if (text[at] === ")") depth -= 1;
    if (depth === 0) return text.slice(0, at + 1);
  }
  return text;
}

/** The commands within the `$(...)` of a word. */
function substitutionsIn(word: string): string[] {
  const found: string[] = [];
  for (let at = word.indexOf("$("); at !== -1; at = word.indexOf("$(", at + 1)) {
    const whole = substitution(word.slice(at)) ?? "";
    found.push(whole.slice(2, -1));
    at += whole.length - 1;
  }
  return found;
}
