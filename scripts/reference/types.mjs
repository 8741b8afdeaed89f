import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { code, escapeText } from "./markdown.mjs";

const root = join(import.meta.dirname, "../..");

/** The syntax tree of a source file. */
export function sourceOf(file) {
  const text = readFileSync(join(root, file), "utf8");
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
}

/** The declaration of an interface or a type in a file. Throws if there is none. */
export function declarationOf(source, name) {
  const found = source.statements.find(
    (one) =>
      (ts.isInterfaceDeclaration(one) || ts.isTypeAliasDeclaration(one)) && one.name.text === name,
  );
  if (found === undefined) throw new Error(`${source.fileName} has no type ${name}`);
  return found;
}

/** The type that a type alias stands for. */
export const typeNamed = (source, name) => declarationOf(source, name).type;

/** The members of a union, in order. */
export const membersOfUnion = (type) => (ts.isUnionTypeNode(type) ? [...type.types] : [type]);

/** A documentation comment before a node, or the one before the "|" of a union's member, without its tags. */
export function commentOf(node) {
  return commentText(node)
    .replace(/^@\w[\s\S]*$/m, "")
    .trim();
}

/** The example in a documentation comment, without its indentation; undefined if there is none. */
export function exampleOf(node) {
  const [, example] = /^@example\n([\s\S]*?)(?=^@|$(?![\s\S]))/m.exec(commentText(node)) ?? [];
  if (example === undefined) return undefined;
  const lines = example.trimEnd().split("\n");
  const indentation = Math.min(
    ...lines.filter((line) => line !== "").map((line) => line.search(/\S/)),
  );
  return lines.map((line) => line.slice(indentation)).join("\n");
}

function commentText(node) {
  const text = node.getSourceFile().text;
  const ranges = [
    ...(ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []),
    ...(ts.isTypeLiteralNode(node)
      ? (ts.getLeadingCommentRanges(text, node.getStart() + 1) ?? [])
      : []),
  ].filter(({ pos }) => text.startsWith("/**", pos));
  const range = ranges.at(-1) ?? beforeTheBar(node, text);
  if (range === undefined) return "";
  return text
    .slice(range.pos + 3, range.end - 2)
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .join("\n")
    .trim();
}

/** The comment that belongs to a member of a union: it is before the "|", so not among the member's own. */
function beforeTheBar(node, text) {
  if (!ts.isUnionTypeNode(node.parent)) return undefined;
  const { types } = node.parent;
  const before = types[types.indexOf(node) - 1]?.end ?? node.parent.getFullStart();
  const between = text.slice(before, node.getStart());
  const at = between.lastIndexOf("/**");
  return at === -1 ? undefined : { pos: before + at, end: before + between.indexOf("*/", at) + 2 };
}

/** A type as it is written, on one line, without `undefined` and `readonly`, which say nothing to a reader of a table. */
export const typeText = (type) =>
  type
    .getText()
    .replace(/\(typeof (\w+)\)\[number\]/g, (_, name) => valuesOf(type.getSourceFile(), name))
    .replace(/\/\*\*[\s\S]*?\*\//g, "")
    .replace(/\s*\|\s*undefined\b/g, "")
    .replace(/\breadonly /g, "")
    .replace(/\s+/g, " ")
    .replace(/^\| /, "")
    .trim();

/** The values of a constant list, as a union. */
function valuesOf(source, name) {
  const declarations = source.statements
    .filter(ts.isVariableStatement)
    .flatMap(({ declarationList }) => [...declarationList.declarations]);
  const list = declarations.find((one) => one.name.getText() === name).initializer.expression;
  return list.elements.map((element) => element.getText()).join(" | ");
}

/** The members of an interface, as the type of an object. */
export const objectText = (declaration) => `{ ${declaration.members.map(memberText).join("; ")} }`;

const memberText = (member) =>
  `${member.name.getText()}${member.questionToken === undefined ? "" : "?"}: ${typeText(member.type)}`;

/** A comment as Markdown: its code spans and links stay, and nothing else becomes markup. */
export const asMarkdown = (comment) =>
  comment
    .replace(/\{@link (\w+)\}/g, "`$1`")
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 1 ? part : escapeText(part)))
    .join("");

/**
 * The properties of a type, as rows of a table: name, type, meaning. The properties of a nested object follow it, with
 * the object's name before their own.
 */
export function rowsOf(members, before = "") {
  return members.filter(ts.isPropertySignature).flatMap((member) => {
    const name = `${before}${member.name.getText()}`;
    const inner = membersOfUnion(member.type).filter(
      (one) => one.kind !== ts.SyntaxKind.UndefinedKeyword,
    );
    const [only] = inner;
    const meaning = asMarkdown(commentOf(member).replace(/\n/g, " "));
    const optional = member.questionToken === undefined ? "" : "?";
    if (
      inner.length === 1 &&
      ts.isTypeLiteralNode(only) &&
      only.members.every(ts.isPropertySignature)
    )
      return [
        ...(meaning === "" ? [] : [[code(`${name}${optional}`), "", meaning]]),
        ...rowsOf(only.members, `${name}.`),
      ];
    return [[code(`${name}${optional}`), code(typeText(member.type)), meaning]];
  });
}
