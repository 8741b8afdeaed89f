import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Application, LogLevel } from "typedoc";

/** The pages of the API, and what each one documents. */
const modules = {
  index: { name: "drizzle-fleet", types: "index.d.ts" },
  config: { name: "drizzle-fleet/config", types: "config/define.d.ts" },
  runtime: { name: "drizzle-fleet/runtime", types: "runtime/open.d.ts" },
};

/**
 * Writes docs/reference/api from the types in dist/. These pages are not committed: they are long, and change whenever
 * the code does.
 *
 * @param root the repository
 */
export async function writeApiPages(root) {
  const place = await mkdtemp(join(tmpdir(), "drizzle-fleet-api-"));
  const out = join(root, "docs/reference/api");
  try {
    const entries = await Promise.all(
      Object.entries(modules).map(async ([file, { types }]) => {
        const entry = join(place, `${file}.d.ts`);
        await writeFile(entry, `export * from ${JSON.stringify(join(root, "dist", types))};\n`);
        return entry;
      }),
    );
    const tsconfig = join(place, "tsconfig.json");
    await writeFile(tsconfig, JSON.stringify(settings(root, entries)));
    await convert(entries, tsconfig, out);
  } finally {
    await rm(place, { recursive: true });
  }
  for (const name of await readdir(out)) await finish(join(out, name), modules[name.slice(0, -3)]);
}

const settings = (root, files) => ({
  extends: join(root, "tsconfig.json"),
  include: [],
  files,
  compilerOptions: { typeRoots: [join(root, "node_modules/@types")] },
});

async function convert(entryPoints, tsconfig, out) {
  const application = await Application.bootstrapWithPlugins({
    ...{
      name: "drizzle-fleet",
      entryPoints,
      tsconfig,
      out,
      logLevel: LogLevel.Warn,
      treatWarningsAsErrors: true,
    },
    // The types are checked by the compiler. Some of those that exported types name are not exported themselves.
    ...{ skipErrorChecking: true, validation: { notExported: false, invalidLink: true } },
    ...{ readme: "none", disableSources: true, excludeExternals: true, excludePrivate: true },
    plugin: ["typedoc-plugin-markdown"],
    ...{ outputFileStrategy: "modules", entryFileName: "modules" },
    ...{ hidePageHeader: true, hideBreadcrumbs: true, expandObjects: false },
    ...{
      parametersFormat: "table",
      interfacePropertiesFormat: "table",
      typeDeclarationFormat: "table",
    },
    ...{ classPropertiesFormat: "table", enumMembersFormat: "table" },
  });
  const project = await application.convert();
  if (project !== undefined) await application.generateOutputs(project);
  if (project === undefined || application.logger.hasErrors() || application.logger.hasWarnings())
    throw new Error("typedoc reported problems");
}

/** Gives a page its title, and removes the list of modules, which the sidebar shows. */
async function finish(path, module) {
  if (module === undefined) return rm(path);
  const head = `# ${module.name}\n\nWhat programs can import from \`${module.name}\`.`;
  const text = await readFile(path, "utf8");
  await writeFile(path, text.replace(/^# .*$/m, head));
}
