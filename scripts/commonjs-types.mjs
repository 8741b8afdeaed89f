// Writes the types for CommonJS projects next to those for ECMAScript modules. Both load the same JavaScript, but
// TypeScript reads a dependency's types in the module format of the importing file. With only one set, the tables of a
// CommonJS project and those of drizzle-fleet would come from two different drizzle-orm packages.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const entries = ["index.d.ts", "config/define.d.ts", "runtime/open.d.ts"];
// Skips imports in the examples of comments, whose lines begin with an asterisk.
const relativeImport = /(?<!^ *\*.*)(from |import\()"(\.{1,2}\/[^"]+)\.(?:[jt]s|cjs)"/gm;

/** The paths of these declaration files and of all others of the package that they import. */
export function declarationsReachedFrom(files) {
  const reached = new Set(files);
  for (const file of reached) {
    const [ending] = /\.d\.c?ts$/.exec(file);
    for (const [, , path] of readFileSync(file, "utf8").matchAll(relativeImport))
      reached.add(join(dirname(file), `${path}${ending}`));
  }
  return reached;
}

export function writeCommonJsTypes(dist) {
  for (const file of declarationsReachedFrom(entries.map((entry) => join(dist, entry)))) {
    const text = readFileSync(file, "utf8").replace(
      relativeImport,
      (_, before, path) => `${before}"${path}.cjs"`,
    );
    writeFileSync(file.replace(/\.d\.ts$/, ".d.cts"), text);
  }
}
