/** A place in a file, for people: 1-based line and column, and the line with a caret under the place. */
export interface Spot {
  readonly line: number;
  readonly column: number;
  readonly excerpt: string;
}

/** A migration file's text. PostgreSQL's scanner counts bytes, its parser's errors count characters. */
export class SourceText {
  readonly file: string;
  readonly text: string;
  readonly bytes: Buffer;
  #lineStarts: number[] | undefined;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    this.bytes = Buffer.from(text, "utf8");
  }

  /** The text between two byte offsets. */
  slice(start: number, end: number): string {
    return this.bytes.toString("utf8", start, end);
  }

  /** The place at a byte offset. */
  spot(byte: number): Spot {
    const before = this.slice(0, byte);
    const lineStart = before.lastIndexOf("\n") + 1;
    const column = before.length - lineStart + 1;
    const lineEnd = this.text.indexOf("\n", lineStart);
    const source = this.text
      .slice(lineStart, lineEnd === -1 ? undefined : lineEnd)
      .replace(/\r$/, "");
    const gutter = source.slice(0, column - 1).replace(/[^\t]/g, " ");
    return { line: this.line(byte), column, excerpt: `${source}\n${gutter}^` };
  }

  /** `file:line:column` of a byte offset. */
  where(byte: number): string {
    const { line, column } = this.spot(byte);
    return `${this.file}:${line}:${column}`;
  }

  /** 1-based line of a byte offset. */
  line(byte: number): number {
    this.#lineStarts ??= lineStartsOf(this.bytes);
    let [low, high] = [0, this.#lineStarts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= byte) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function lineStartsOf(bytes: Buffer): number[] {
  const starts = [0];
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) starts.push(at + 1);
  return starts;
}
