// Writes type declarations for CommonJS projects next to those for ECMAScript modules. Both load the same JavaScript, but
// TypeScript reads the types of a dependency in the module format of the importing file. With one set of declarations, the
// tables of a CommonJS project and those in our declarations would come from two different drizzle-orms.
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

const dist = resolve(import.meta.dirname, "../dist");
const entries = ["index.d.ts", "config/define.d.ts", "runtime/open.d.ts"];
const relativeImport = /(from |import\()"(\.{1,2}\/[^"]+)\.[jt]s"/g;

const written = new Set();

async function write(file) {
  if (written.has(file)) return;
  written.add(file);
  const text = await readFile(file, "utf8");
  const imported = [...text.matchAll(relativeImport)].map(([, , path]) => path);
  await writeFile(
    file.replace(/\.d\.ts$/, ".d.cts"),
    text.replace(relativeImport, (_, before, path) => `${before}"${path}.cjs"`),
  );
  for (const path of imported) await write(join(dirname(file), `${path}.d.ts`));
}

for (const entry of entries) await write(join(dist, entry));
