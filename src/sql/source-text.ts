import { visibleLine } from "../core/visible.ts";
import { endOf, startOf, widthOf } from "../core/width.ts";

/** A place in a file: 1-based line and column, and the line with a caret under the place. */
export interface Spot {
  readonly line: number;
  readonly column: number;
  readonly excerpt: string;
}

/** The text of a migration file. PostgreSQL's scanner counts bytes, and its parser's errors count characters. */
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
    return { line: this.line(byte), column, excerpt: excerptOf(source, column - 1) };
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

/** A line of more characters than this is shown in part, in few enough columns for a terminal of 80. */
const longestLine = 160;
const window = 72;

/** A line with a caret under one of its characters: the complete line, or the part around the caret. */
function excerptOf(line: string, at: number): string {
  const whole = line.length <= longestLine;
  const before = shown(line.slice(whole ? 0 : Math.max(0, at - window), at));
  const after = shown(line.slice(at, whole ? undefined : at + window));
  const left = whole ? before : endOf(before, window / 2);
  const right = whole ? after : startOf(after, window - widthOf(left));
  const start = left.length < before.length || (!whole && at > window) ? "..." : "";
  const end = right.length < after.length || (!whole && at + window < line.length) ? "..." : "";
  // Tabs stay tabs, so that they take the same columns in both lines.
  const gutter = `${start}${left}`.replace(/[^\t]+/g, (text) => " ".repeat(widthOf(text)));
  return `${start}${left}${right}${end}\n${gutter}^`;
}

/** The text as printed, with control characters as codes, so that measured columns are printed columns. */
function shown(text: string): string {
  return text.split("\t").map(visibleLine).join("\t");
}

function lineStartsOf(bytes: Buffer): number[] {
  const starts = [0];
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) starts.push(at + 1);
  return starts;
}
