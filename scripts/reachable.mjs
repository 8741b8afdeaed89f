// Finds the files of a built package that its users can reach.
import { readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { build } from "esbuild";
import { declarationsReachedFrom } from "./commonjs-types.mjs";

/** What `exports` and `bin` in a package.json name, for example `dist/index.js` and `dist/index.d.ts`. */
function entriesOf({ bin, exports }) {
  const named = (value) =>
    typeof value === "string" ? [value] : Object.values(value).flatMap(named);
  return [bin, exports].flatMap(named).map((path) => path.replace(/^\.\//, ""));
}

/**
 * The scripts and declarations that the package's exports and programs import, statically or dynamically, and the
 * packages that these scripts import.
 *
 * @param root the folder with package.json
 * @throws if an imported file is missing
 */
export async function reachableFiles(root) {
  const entries = entriesOf(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...new Set(entries.filter((path) => path.endsWith(".js")))],
    ...{ bundle: true, splitting: true, write: false, metafile: true, outdir: "unused" },
    ...{ format: "esm", platform: "node", packages: "external", logLevel: "warning" },
  });
  const inputs = Object.values(metafile.inputs);
  const external = inputs.flatMap(({ imports }) => imports.filter((one) => one.external));
  const declarations = entries.filter((path) => /\.d\.c?ts$/.test(path));
  return {
    scripts: Object.keys(metafile.inputs),
    declarations: [...declarationsReachedFrom(declarations.map((path) => resolve(root, path)))].map(
      (path) => relative(root, path),
    ),
    packages: [...new Set(external.map(({ path }) => /^(@[^/]+\/)?[^/]+/.exec(path)[0]))]
      .filter((name) => !name.startsWith("node:"))
      .sort(),
  };
}
