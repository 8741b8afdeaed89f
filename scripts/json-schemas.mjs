// Writes the JSON Schemas of what `--json` prints, docs/schemas/*.json, from the types in src/cli/documents.ts.
// Usage: node scripts/json-schemas.mjs [--check]   (--check: fail if a schema is not what would be written)
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createGenerator } from "ts-json-schema-generator";
import ts from "typescript";

const root = join(import.meta.dirname, "..");
const folder = join(root, "docs/schemas");
const documents = join(root, "src/cli/documents.ts");

const program = ts.createSourceFile(
  documents,
  readFileSync(documents, "utf8"),
  ts.ScriptTarget.Latest,
);
const types = program.statements.flatMap((statement) => {
  if (ts.isExportDeclaration(statement))
    return statement.exportClause.elements.map(({ name }) => name.text);
  return ts.isTypeAliasDeclaration(statement) ? [statement.name.text] : [];
});

/** `TenantsListDocument` -> `tenants-list.json`. */
const fileOf = (type) =>
  `${type
    .replace(/[A-Z][a-z]+$/, "")
    .replace(/(?!^)[A-Z]/g, "-$&")
    .toLowerCase()}.json`;

const generator = createGenerator({
  ...{ path: documents, tsconfig: join(root, "tsconfig.json") },
  // `npm run typecheck` checks the types.
  skipTypeCheck: true,
  // A later version can add properties to a document.
  additionalProperties: true,
});

/** The schema of a type, as text. JSON has no undefined: such a property is missing. */
const schemaOf = (type) =>
  `${JSON.stringify(generator.createSchema(type), null, 2)}\n`
    .replaceAll("Undefined ", "Missing ")
    .replaceAll(" undefined ", " missing ");

const schemas = new Map(types.map((type) => [fileOf(type), schemaOf(type)]));

mkdirSync(folder, { recursive: true });
const outdated = [...schemas].filter(([file, text]) => {
  const path = join(folder, file);
  return !existsSync(path) || readFileSync(path, "utf8") !== text;
});
const orphans = readdirSync(folder).filter((file) => !schemas.has(file));
if (process.argv.includes("--check")) {
  const files = [...outdated.map(([file]) => file), ...orphans];
  for (const file of files)
    console.error(`docs/schemas/${file} does not match src/cli/documents.ts`);
  if (files.length > 0) {
    console.error("To write the schemas, run: npm run schemas");
    process.exitCode = 1;
  }
} else {
  for (const [file, text] of outdated) writeFileSync(join(folder, file), text);
  for (const file of orphans) rmSync(join(folder, file));
}
