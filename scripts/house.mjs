// Prints what makes the code hard to read: long files, long functions, and imports between verbs. Exits with code 1 if there
// is more of it than allowed; `npm run layers` limits the imports.
// Usage: node scripts/house.mjs
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const limits = { fileLines: 300, functionLines: 40, longFunctions: 5, functionMost: 60 };

const files = readdirSync("src", { recursive: true })
  .map((name) => join("src", name))
  .filter((name) => name.endsWith(".ts"))
  .sort();

const longFiles = [];
const longFunctions = [];
const verbImports = [];

for (const file of files) {
  const text = readFileSync(file, "utf8");
  const lines = text.split("\n").length - 1;
  if (lines > limits.fileLines) longFiles.push({ file, lines });
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const lineAt = (position) => source.getLineAndCharacterOfPosition(position).line + 1;
  const visit = (node) => {
    if (ts.isFunctionLike(node) && node.body !== undefined) {
      const first = lineAt(node.getStart(source));
      const length = lineAt(node.end) - first + 1;
      if (length > limits.functionLines)
        longFunctions.push({ place: `${file}:${first}`, name: nameOf(node), lines: length });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  if (file.startsWith(join("src", "operations")))
    for (const { fileName } of ts.preProcessFile(text).importedFiles)
      if (/^\.\/[\w-]+\.ts$/.test(fileName)) verbImports.push(`${file} -> ${fileName}`);
}

function nameOf(node) {
  const named = node.name ?? node.parent.name;
  return named === undefined ? "(anonymous)" : named.getText();
}

const over = (lines) => longFunctions.filter((one) => one.lines > lines);
console.log(`files in src: ${files.length}`);
console.log(`files over ${limits.fileLines} lines: ${longFiles.length}`);
for (const { file, lines } of longFiles) console.log(`  ${file} ${lines}`);
console.log(`functions over ${limits.functionLines} lines: ${longFunctions.length}`);
for (const { place, name, lines } of longFunctions) console.log(`  ${place} ${name} ${lines}`);
console.log(`functions over ${limits.functionMost} lines: ${over(limits.functionMost).length}`);
console.log(`imports between verbs: ${verbImports.length}`);
for (const one of verbImports) console.log(`  ${one}`);

if (
  longFiles.length > 0 ||
  longFunctions.length > limits.longFunctions ||
  over(limits.functionMost).length > 0
) {
  console.error("Split what is too long.");
  process.exitCode = 1;
}
