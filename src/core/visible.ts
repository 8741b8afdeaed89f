/**
 * What a terminal would obey, hide, reorder or merge: control characters (C0, DEL, C1), bidirectional marks, zero-width
 * and other ignorable characters, separators that look like a space or end a line, and lone surrogates.
 * Source of the classes: Unicode's General_Category and Default_Ignorable_Code_Point.
 */
const unsafe = /(?! )[\p{Cc}\p{Cf}\p{Cs}\p{Z}\p{Default_Ignorable_Code_Point}]/gu;

/** As `unsafe`, with every mark that merges with the character before it, and what is not assigned. */
const unclear = /(?! )[\p{C}\p{Z}\p{M}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Shows a text of several lines without what a terminal would obey or hide: such a character is written as its code,
 * `\u001b`. Line feeds and tabs stay.
 */
export function visible(text: string): string {
  return text.replace(unsafe, (character) =>
    character === "\n" || character === "\t" ? character : codeOf(character),
  );
}

/** As `visible`, for what must stay on one line, such as a name: a line feed is written as `\n`, a tab as `\t`. */
export function visibleLine(text: string): string {
  return text.replace(unsafe, codeOf);
}

/** Quotes a name that may hold anything, so that two names that differ never look the same. */
export function quotedName(name: string): string {
  return JSON.stringify(name).replace(unclear, codeOf);
}

/** A text that may hold anything is cut here, in characters, where people read it. */
const longestText = 2_000;

/** A text of at most `longest` characters; of a longer one the beginning, and how much is left out. */
export function shortened(text: string, longest = longestText): string {
  if (text.length <= longest) return text;
  const start = beginning(text, longest);
  return `${start}... and ${text.length - start.length} more characters`;
}

/** The beginning of a text, up to a number of characters, never ending in half of one. */
export function beginning(text: string, longest: number): string {
  const half = /[\ud800-\udbff]/.test(text[longest - 1] ?? "");
  return text.slice(0, half && longest < text.length ? longest - 1 : longest);
}

/** JSON with nothing in its strings that a terminal or a reader of lines would take for something else. */
export function visibleJson(json: string): string {
  return json.replace(unsafe, (character) =>
    character === "\n"
      ? character
      : Array.from({ length: character.length }, (_, at) => unit(character.charCodeAt(at))).join(
          "",
        ),
  );
}

const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function codeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return short[character] ?? (code > 0xffff ? `\\u{${code.toString(16)}}` : unit(code));
}

function unit(code: number): string {
  return `\\u${code.toString(16).padStart(4, "0")}`;
}
