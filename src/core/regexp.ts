/**
 * The part of a regular expression that matches a text as it stands. Every expression that is built from data goes
 * through here: of what a person or a database calls something, any character may have a meaning there.
 */
export function escapeRegExp(text: string): string {
  // The characters that the pattern grammar knows (ECMA-262, SyntaxCharacter), and those of a class.
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, (character) =>
    character === "-" ? "\\x2d" : `\\${character}`,
  );
}
