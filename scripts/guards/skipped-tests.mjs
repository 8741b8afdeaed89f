// Tests that do not run: skipped ones, unwritten ones, and those that a `.only` elsewhere leaves out.
import ts from "typescript";

const suspicious = /skip|only|todo|runIf|\b[xf](it|test|describe)\b/;
const names = new Set(["skip", "only", "todo", "skipIf", "runIf"]);
const aliases = new Set(["xit", "xtest", "xdescribe", "fit", "fdescribe"]);
const starters = new Set(["test", "it", "describe", "suite", "bench"]);

/** The places in a test file where a test is left out. Strings and comments do not count. */
export function skippedTestsIn(file, text) {
  if (!/\.(test|spec)\.[cm]?[jt]sx?$/.test(file) || !suspicious.test(text)) return [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    if (leavesOut(node)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      found.push(`${file}:${line + 1}: ${node.getText(source).split("\n")[0].slice(0, 60)}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function leavesOut(node) {
  // test.skip, describe.concurrent.only
  if (ts.isPropertyAccessExpression(node) && names.has(node.name.text)) {
    const isCalled = ts.isCallExpression(node.parent) && node.parent.expression === node;
    // context.skip() leaves out the test that runs it.
    return starters.has(rootOf(node)) || (isCalled && node.name.text === "skip");
  }
  if (!ts.isCallExpression(node)) return false;
  if (ts.isIdentifier(node.expression))
    if (aliases.has(node.expression.text) || node.expression.text === "skip")
      // test("...", ({ skip }) => skip())
      return true;
  return starters.has(rootOf(node.expression)) && node.arguments.some(hasOption);
}

/** test("...", { skip: true }, ...) */
function hasOption(argument) {
  return (
    ts.isObjectLiteralExpression(argument) &&
    argument.properties.some(
      ({ name }) => name !== undefined && ts.isIdentifier(name) && names.has(name.text),
    )
  );
}

function rootOf(node) {
  let at = node;
  while (ts.isPropertyAccessExpression(at) || ts.isCallExpression(at)) at = at.expression;
  return ts.isIdentifier(at) ? at.text : "";
}
