/**
 * Escapes a text for use in a regular expression. Every regular expression that is built from data uses it, because
 * names can contain any character.
 */
export function escapeRegExp(text: string): string {
  // The special characters of patterns (ECMA-262, SyntaxCharacter), and those of character classes.
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, (character) =>
    character === "-" ? "\\x2d" : `\\${character}`,
  );
}
