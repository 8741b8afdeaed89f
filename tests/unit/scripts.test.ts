import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository } from "../support/repository.ts";

test("a script imports only built files that have a source file", async () => {
  const folder = join(repository, "scripts");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".mjs"));
  const imports = names.map(async (name) => {
    const text = await readFile(join(folder, name), "utf8");
    return [...text.matchAll(/"\.\.\/dist\/([^"]+)\.js"/g)].map(([, path]) => ({ name, path }));
  });
  const all = (await Promise.all(imports)).flat();
  expect(all.length).toBeGreaterThan(10);
  expect(all.filter(({ path }) => !existsSync(join(repository, "src", `${path}.ts`)))).toEqual([]);
});
