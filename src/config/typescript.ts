import { createHash } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { SourceMap } from "node:module";
import { dirname, extname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { FleetError, isFleetError, messageOf } from "../core/errors.ts";

/** The modules that were imported. */
export interface ImportedModules {
  readonly modules: readonly Record<string, unknown>[];
  /** The location in the project's own files that an error came from, as `file:line:column`. */
  readonly placeOf: (error: unknown) => string | undefined;
}

/**
 * Imports TypeScript and JavaScript modules of a project, ES modules or CommonJS, together with their imports,
 * without writing a file. esbuild bundles the local files. Packages are loaded by Node, so that drizzle-orm is the
 * project's own instance. A changed file becomes a new module, which a watcher needs.
 *
 * @param entries absolute paths
 * @param root the project's folder
 * @param seen is called with the absolute path of each local file that is read, and of each file that would be read
 *   if it existed
 * @throws FleetError `schema` with file and line, for a syntax error, an import that cannot be found, and any error
 *   that a module throws while it is loaded
 */
export async function importTypeScript(
  entries: readonly string[],
  root: string,
  seen?: (path: string) => void,
): Promise<ImportedModules> {
  const result = await bundle(entries, root, seen);
  const text = (end: string) =>
    result.outputFiles.find(({ path }) => path.endsWith(end))?.text ?? "";
  const url = asUrl(text(".mjs"));
  const placeOf = (error: unknown) => locate(error, url, text(".map"), root);
  try {
    const imported: Record<string, Record<string, unknown>> = await import(url);
    return { modules: entries.map((_, index) => imported[`m${index}`] ?? {}), placeOf };
  } catch (error) {
    if (isFleetError(error)) throw error;
    throw moduleError(error, placeOf(error));
  }
}

/** Bundles the local files in memory: one module that exports each entry as `m0`, `m1` and so on, and its source map. */
async function bundle(
  entries: readonly string[],
  root: string,
  seen: ((path: string) => void) | undefined,
): Promise<{ readonly outputFiles: readonly import("esbuild").OutputFile[] }> {
  const { build } = await import("esbuild");
  return build({
    stdin: {
      contents: entries
        .map((path, index) => `export * as m${index} from ${JSON.stringify(path)};`)
        .join("\n"),
      resolveDir: root,
      sourcefile: "entries.ts",
    },
    absWorkingDir: root,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "external",
    write: false,
    outfile: `${root}/entries.mjs`,
    logLevel: "silent",
    // For CommonJS modules: esbuild bundles local files, and this loads packages.
    banner: { js: requireFrom(root) },
    define: Object.fromEntries(
      modulePlaces.map(([expression, name]) => [expression, `${modulePlace}.${name}`]),
    ),
    plugins: [
      ...(seen === undefined ? [] : [reportFiles(seen)]),
      packagesByAbsoluteUrl(workspaceOf(root)),
      keepModulePlaces,
    ],
  }).catch((error: unknown) => {
    throw bundlingError(error);
  });
}

/** The error for something that a project's module threw, with its location in the TypeScript file. */
export function moduleError(error: unknown, where: string | undefined): FleetError {
  return new FleetError("schema", messageOf(error), {
    ...(where === undefined ? {} : { where }),
    cause: error,
  });
}

/** Maps the first location of a stack trace in the bundle to its source file. */
function locate(error: unknown, url: string, map: string, root: string): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const at = stack.indexOf(`${url}:`);
  const [, line, column] = /^:(\d+):(\d+)/.exec(stack.slice(at + url.length)) ?? [];
  if (at === -1 || line === undefined || column === undefined) return undefined;
  const entry = new SourceMap(JSON.parse(map)).findEntry(Number(line) - 1, Number(column) - 1);
  if (!("originalSource" in entry)) return undefined;
  const file = relative(process.cwd(), resolve(root, entry.originalSource));
  return `${file}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
}

/**
 * Code in a data: URL has no folder, so it must import packages by absolute file URLs. Local files are bundled,
 * including those found by a path in tsconfig.json, and the other packages of a monorepo, so that a watcher sees
 * their changes.
 */
function packagesByAbsoluteUrl(workspace: string): import("esbuild").Plugin {
  return {
    name: "packages-by-absolute-url",
    setup(build) {
      build.onResolve({ filter: /^[^./]/ }, async (args) => {
        if (args.pluginData === resolving || isAbsolute(args.path)) return undefined;
        if (args.path.startsWith("node:")) return { path: args.path, external: true };
        const found = await resolveAgain(build, args);
        if (found.errors.length > 0) return { errors: found.errors };
        const isOwn =
          found.namespace === "file" &&
          !found.path.includes("node_modules") &&
          (isBundled(found.path) || isOfWorkspace(workspace, args.path, found.path));
        if (isOwn) return { path: found.path };
        const required = args.kind === "require-call" || args.kind === "require-resolve";
        const path = found.external || required ? found.path : pathToFileURL(found.path).href;
        return { path, external: true };
      });
    },
  };
}

/** Marks a resolution that a plugin itself requests from esbuild. */
const resolving = "resolving";

function resolveAgain(
  build: import("esbuild").PluginBuild,
  { path, kind, resolveDir, importer }: import("esbuild").OnResolveArgs,
): Promise<import("esbuild").ResolveResult> {
  return build.resolve(path, { kind, resolveDir, importer, pluginData: resolving });
}

/**
 * Tells whether a file is JavaScript of the monorepo. drizzle-fleet itself is never bundled: it may be a link to its
 * repository.
 */
function isOfWorkspace(workspace: string, name: string, path: string): boolean {
  return (
    /\.[cm]?jsx?$/.test(path) &&
    !/^drizzle-(fleet|orm|kit)(\/|$)/.test(name) &&
    path.startsWith(`${workspace}${sep}`)
  );
}

/** The root folder of a project's monorepo or repository, else the project's own folder. */
function workspaceOf(root: string): string {
  for (let folder = root; ; folder = dirname(folder)) {
    const isWorkspace = [".git", "pnpm-workspace.yaml"].some((name) =>
      existsSync(join(folder, name)),
    );
    if (isWorkspace) return realpathSync(folder);
    if (dirname(folder) === folder) return realpathSync(root);
  }
}

/** Reports the files of a bundle to a watcher, even if bundling fails. */
function reportFiles(seen: (path: string) => void): import("esbuild").Plugin {
  return {
    name: "report-files",
    setup(build) {
      build.onResolve({ filter: /^\.{0,2}\// }, async (args) => {
        if (args.pluginData === resolving) return undefined;
        const found = await resolveAgain(build, args);
        if (found.errors.length > 0) candidates(resolve(args.resolveDir, args.path)).forEach(seen);
        return undefined;
      });
      build.onLoad({ filter: /.*/ }, ({ path, namespace }) => {
        if (namespace === "file" && !path.includes("node_modules")) seen(path);
        return undefined;
      });
    },
  };
}

/** The files that an import without an extension can mean. */
function candidates(path: string): string[] {
  const bare = path.replace(/\.[cm]?jsx?$/, "");
  const endings = ["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs", "json"];
  const files = endings.map((ending) => `${bare}.${ending}`);
  return [...new Set([path, ...files, ...endings.map((ending) => join(path, `index.${ending}`))])];
}

/** The `require` that code in a data: URL lacks. It has the name under which esbuild's shim looks for it. */
function requireFrom(root: string): string {
  const from = JSON.stringify(join(root, "entries.cjs"));
  return `import { createRequire as drizzleFleetRequire } from "node:module"; const require = drizzleFleetRequire(${from});`;
}

/** The constant that contains a module's own location, and the expressions that are replaced by its members. */
const modulePlace = "drizzleFleetPlace";
const modulePlaces = [
  ["import.meta.url", "url"],
  ["import.meta.dirname", "dirname"],
  ["import.meta.filename", "filename"],
  ["__dirname", "dirname"],
  ["__filename", "filename"],
] as const;

/** A module's own location is that of its file, not of the data: URL that it is bundled into. */
const keepModulePlaces: import("esbuild").Plugin = {
  name: "keep-module-places",
  setup(build) {
    build.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      if (!modulePlaces.some(([expression]) => text.includes(expression))) return undefined;
      const place = { url: pathToFileURL(path).href, dirname: dirname(path), filename: path };
      // On the first line, so that line numbers stay the same.
      const contents = `const ${modulePlace} = ${JSON.stringify(place)}; ${text}`;
      return { contents, loader: extname(path).replace(/^\.[cm]?/, "") as "ts" };
    });
  },
};

/** Files that Node cannot load, or only with an import attribute. */
function isBundled(path: string): boolean {
  return /\.([cm]?tsx?|json)$/.test(path);
}

function asUrl(code: string): string {
  const version = createHash("sha256").update(code).digest("hex").slice(0, 12);
  return `data:text/javascript;version=${version};base64,${Buffer.from(code).toString("base64")}`;
}

function bundlingError(error: unknown): unknown {
  if (typeof error !== "object" || error === null || !("errors" in error)) return error;
  const [first] = error.errors as import("esbuild").Message[];
  if (first === undefined) return error;
  const spot = first.location;
  if (spot === null) return new FleetError("schema", first.text, { cause: error });
  return new FleetError("schema", first.text, {
    where: `${spot.file}:${spot.line}:${spot.column + 1}`,
    excerpt: `${spot.lineText}\n${" ".repeat(spot.column)}^`,
    cause: error,
  });
}
