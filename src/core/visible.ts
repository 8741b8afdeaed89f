/**
 * Characters that a terminal would execute, hide, reorder or merge: control characters (C0, DEL, C1), bidirectional
 * marks, zero-width and other ignorable characters, separators that look like a space or end a line, and lone surrogates.
 * Source of the classes: Unicode's General_Category and Default_Ignorable_Code_Point.
 */
const unsafe = /(?! )[\p{Cc}\p{Cf}\p{Cs}\p{Z}\p{Default_Ignorable_Code_Point}]/gu;

/** The same, with marks that merge with the character before them, and unassigned characters. */
const unclear = /(?! )[\p{C}\p{Z}\p{M}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Makes a text of several lines safe for a terminal: characters that it would execute or hide are written as their
 * code, `\u001b`. Line feeds and tabs stay.
 */
export function visible(text: string): string {
  return text.replace(unsafe, (character) =>
    character === "\n" || character === "\t" ? character : codeOf(character),
  );
}

/**
 * Like `visible`, for a text that must stay on one line, such as a name: a line feed is written as `\n`, a tab as `\t`.
 */
export function visibleLine(text: string): string {
  return text.replace(unsafe, codeOf);
}

/** Quotes a name with any characters, so that different names never look the same. */
export function quotedName(name: string): string {
  return JSON.stringify(name).replace(unclear, codeOf);
}

/** The longest text that is shown to people, in characters. */
const longestText = 2_000;

/** A text of at most `longest` characters; for a longer text, its beginning and the number of omitted characters. */
export function shortened(text: string, longest = longestText): string {
  if (text.length <= longest) return text;
  const start = beginning(text, longest);
  return `${start}... and ${text.length - start.length} more characters`;
}

/** The beginning of a text, up to a number of characters, without splitting a surrogate pair. */
export function beginning(text: string, longest: number): string {
  const half = /[\ud800-\udbff]/.test(text[longest - 1] ?? "");
  return text.slice(0, half && longest < text.length ? longest - 1 : longest);
}

/** JSON in which strings contain no character that a terminal or a line reader would misinterpret. */
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
