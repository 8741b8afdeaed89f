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
  /** The place in the project's own files that an error came from, as `file:line:column`. */
  readonly placeOf: (error: unknown) => string | undefined;
}

/**
 * Imports TypeScript and JavaScript modules of a project, ECMAScript's or CommonJS, with what they import from it,
 * without leaving a file behind.
 * esbuild bundles the local files; packages stay outside and are loaded by Node, so that drizzle-orm is the
 * project's own. A changed file gives a new module: a watcher sees the change.
 *
 * @param entries absolute paths
 * @param root the project's folder: packages are resolved from the importing file inside it
 * @param seen told each of the project's own files that is read, and each that would be if it existed; absolute
 * @throws FleetError `schema` with file and line: for a syntax error, an import that cannot be found, and for
 *   whatever a module throws while it is loaded
 */
export async function importTypeScript(
  entries: readonly string[],
  root: string,
  seen?: (path: string) => void,
): Promise<ImportedModules> {
  const { build } = await import("esbuild");
  const result = await build({
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
    // For what CommonJS modules require: esbuild bundles the project's own files, and leaves packages to this.
    banner: { js: requireFrom(root) },
    define: Object.fromEntries(
      modulePlaces.map(([said, name]) => [said, `${modulePlace}.${name}`]),
    ),
    plugins: [
      ...(seen === undefined ? [] : [reportFiles(seen)]),
      packagesByAbsoluteUrl(workspaceOf(root)),
      keepModulePlaces,
    ],
  }).catch((error: unknown) => {
    throw bundlingError(error);
  });
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

/** Something that a project's module threw, with the place in its TypeScript file. */
export function moduleError(error: unknown, where: string | undefined): FleetError {
  return new FleetError("schema", messageOf(error), {
    ...(where === undefined ? {} : { where }),
    cause: error,
  });
}

/** The first place of a stack trace that lies in the bundle, in terms of the file it was made from. */
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
 * Code in a data: URL has no folder, so a package it imports must be an absolute file URL. What is the project's own is
 * bundled: files by a path of tsconfig.json, and the packages beside it in a monorepo, whose changes are seen then.
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

/** Marks a question that a plugin asks esbuild itself. */
const resolving = "resolving";

function resolveAgain(
  build: import("esbuild").PluginBuild,
  { path, kind, resolveDir, importer }: import("esbuild").OnResolveArgs,
): Promise<import("esbuild").ResolveResult> {
  return build.resolve(path, { kind, resolveDir, importer, pluginData: resolving });
}

/** JavaScript of the monorepo. This package itself stays outside: it may be a link to its own repository. */
function isOfWorkspace(workspace: string, name: string, path: string): boolean {
  return (
    /\.[cm]?jsx?$/.test(path) &&
    !/^drizzle-(fleet|orm|kit)(\/|$)/.test(name) &&
    path.startsWith(`${workspace}${sep}`)
  );
}

/** The folder of the monorepo that a project is in, or its repository's; else its own. */
function workspaceOf(root: string): string {
  for (let folder = root; ; folder = dirname(folder)) {
    const isWorkspace = [".git", "pnpm-workspace.yaml"].some((name) =>
      existsSync(join(folder, name)),
    );
    if (isWorkspace) return realpathSync(folder);
    if (dirname(folder) === folder) return realpathSync(root);
  }
}

/** Tells which files a bundle is made of, also where it fails; for a watch. */
function reportFiles(seen: (path: string) => void): import("esbuild").Plugin {
  return {
    name: "telling",
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

/** The files that an import without a file may mean. */
function candidates(path: string): string[] {
  const bare = path.replace(/\.[cm]?jsx?$/, "");
  const endings = ["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs", "json"];
  const files = endings.map((ending) => `${bare}.${ending}`);
  return [...new Set([path, ...files, ...endings.map((ending) => join(path, `index.${ending}`))])];
}

/** The `require` that code in a data: URL lacks. It is called as esbuild's own stand-in looks for it. */
function requireFrom(root: string): string {
  const from = JSON.stringify(join(root, "entries.cjs"));
  return `import { createRequire as drizzleFleetRequire } from "node:module"; const require = drizzleFleetRequire(${from});`;
}

/** The constant that a module finds its own place in, and what is said for its parts. */
const modulePlace = "drizzleFleetPlace";
const modulePlaces = [
  ["import.meta.url", "url"],
  ["import.meta.dirname", "dirname"],
  ["import.meta.filename", "filename"],
  ["__dirname", "dirname"],
  ["__filename", "filename"],
] as const;

/** A module that asks where it is means its file, not the data: URL that it has become a part of. */
const keepModulePlaces: import("esbuild").Plugin = {
  name: "places-of-their-own",
  setup(build) {
    build.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      if (!modulePlaces.some(([said]) => text.includes(said))) return undefined;
      const place = { url: pathToFileURL(path).href, dirname: dirname(path), filename: path };
      // On the first line, so that every line keeps its number.
      const contents = `const ${modulePlace} = ${JSON.stringify(place)}; ${text}`;
      return { contents, loader: extname(path).replace(/^\.[cm]?/, "") as "ts" };
    });
  },
};

/** What Node cannot load by itself, or not without an import attribute. */
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
