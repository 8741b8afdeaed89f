import { join } from "node:path";
import ts from "typescript";
import type { Manifest } from "./helm.ts";
import { repository } from "./repository.ts";

/** The module of kubernetes-types that describes each API version. */
const modules: Readonly<Record<string, string>> = {
  v1: "core/v1",
  "apps/v1": "apps/v1",
  "batch/v1": "batch/v1",
};

/**
 * Compiles objects as literals of their types in kubernetes-types, as `tsc --noEmit` would, and returns the errors. A
 * field that does not exist, and a value of a wrong type, is an error.
 */
export function typeErrors(objects: readonly Manifest[]): string[] {
  const lines = objects.map((object) => {
    const module = modules[object.apiVersion];
    if (module === undefined) throw new Error(`no types are known for ${object.apiVersion}`);
    return `(${JSON.stringify(object)}) satisfies import("kubernetes-types/${module}").${object.kind};`;
  });
  const file = join(repository, "tests/helm/rendered.ts");
  const options: ts.CompilerOptions = {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.getSourceFile = (name, ...rest) =>
    name === file
      ? ts.createSourceFile(name, `${lines.join("\n")}\nexport {};\n`, ts.ScriptTarget.ES2023)
      : getSourceFile(name, ...rest);
  return ts
    .getPreEmitDiagnostics(ts.createProgram([file], options, host))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
}
