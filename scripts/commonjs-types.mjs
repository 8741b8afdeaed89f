// Writes the types for CommonJS projects next to those for ECMAScript modules. Both load the same JavaScript, but
// TypeScript reads a dependency's types in the module format of the importing file. With only one set, the tables of a
// CommonJS project and those of drizzle-fleet would come from two different drizzle-orm packages.
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

const entries = ["index.d.ts", "config/define.d.ts", "runtime/open.d.ts"];
// Skips imports in the examples of comments, whose lines begin with an asterisk.
const relativeImport = /(?<!^ *\*.*)(from |import\()"(\.{1,2}\/[^"]+)\.[jt]s"/gm;

export async function writeCommonJsTypes(dist) {
  const written = new Set();
  const write = async (file) => {
    if (written.has(file)) return;
    written.add(file);
    const text = await readFile(file, "utf8");
    const imported = [...text.matchAll(relativeImport)].map(([, , path]) => path);
    await writeFile(
      file.replace(/\.d\.ts$/, ".d.cts"),
      text.replace(relativeImport, (_, before, path) => `${before}"${path}.cjs"`),
    );
    for (const path of imported) await write(join(dirname(file), `${path}.d.ts`));
  };
  for (const entry of entries) await write(join(dist, entry));
}
