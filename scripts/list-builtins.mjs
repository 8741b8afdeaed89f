// Writes the lists in src/sql/builtins: the names of the built-in objects in pg_catalog, for each given PostgreSQL version.
// Names that are already in the lists stay, so you can add one new version. Review the new names with git diff, then decide
// in builtins/functions.ts which of them are allowed. Needs dist/ (npm run build).
// Usage: node scripts/list-builtins.mjs <connection URL>...   (one server of each major version)
import { existsSync, writeFileSync } from "node:fs";
import pg from "pg";

/** The lists by the file that exports them. */
const files = {
  "immutable-functions": ["immutableFunctions"],
  "other-functions": ["otherFunctions"],
  objects: ["relations", "types", "operators", "searchObjects", "operatorClasses", "conversions"],
};

const before = {};
for (const file of Object.keys(files)) {
  const built = new URL(`../dist/sql/builtins/${file}.js`, import.meta.url);
  if (existsSync(built)) Object.assign(before, await import(built.href));
}

const queries = {
  functions: `SELECT proname AS name, bool_and(provolatile = 'i' AND NOT prorettype = ANY (machinery) AND NOT proargtypes::oid[] && machinery) AS immutable
    FROM pg_proc, (SELECT array_agg(oid) AS machinery FROM pg_type WHERE typname IN ('internal', 'cstring', 'trigger', 'event_trigger') OR typname LIKE '%_handler') m
    WHERE pronamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) GROUP BY proname`,
  relations: `SELECT relname AS name FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v')`,
  types: `SELECT typname AS name FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype <> 'c' AND typelem = 0`,
  operators: `SELECT DISTINCT oprname AS name FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace`,
  searchObjects: `SELECT cfgname AS name FROM pg_ts_config WHERE cfgnamespace = 'pg_catalog'::regnamespace
    UNION SELECT dictname FROM pg_ts_dict WHERE dictnamespace = 'pg_catalog'::regnamespace UNION SELECT prsname FROM pg_ts_parser UNION SELECT tmplname FROM pg_ts_template`,
  operatorClasses: `SELECT opcname AS name FROM pg_opclass WHERE opcnamespace = 'pg_catalog'::regnamespace
    UNION SELECT opfname FROM pg_opfamily WHERE opfnamespace = 'pg_catalog'::regnamespace`,
  conversions: `SELECT conname AS name FROM pg_conversion WHERE connamespace = 'pg_catalog'::regnamespace`,
};

const known = (name) => before[name]?.trim().split(/\s+/) ?? [];
const immutable = new Map([
  ...known("immutableFunctions").map((name) => [name, true]),
  ...known("otherFunctions").map((name) => [name, false]),
]);
const lists = Object.fromEntries(Object.keys(queries).map((name) => [name, new Set(known(name))]));

for (const url of process.argv.slice(2)) {
  const client = new pg.Client(url);
  await client.connect();
  for (const [list, query] of Object.entries(queries)) {
    const { rows } = await client.query(query);
    for (const row of rows) {
      lists[list].add(row.name);
      if (list === "functions")
        immutable.set(row.name, row.immutable && immutable.get(row.name) !== false);
    }
  }
  await client.end();
}

const functions = [...immutable];
const only = (wanted) => functions.filter(([, is]) => is === wanted).map(([name]) => name);
const { functions: _, ...others } = lists;
const exported = {
  immutableFunctions: [
    "Functions that only compute in each of their forms: immutable, and called with plain values.",
    only(true),
  ],
  otherFunctions: [
    "All other functions; builtins/functions.ts decides which of them are allowed.",
    only(false),
  ],
  relations: ["Catalogs and their views.", [...others.relations]],
  types: ["Types, except row and array types.", [...others.types]],
  operators: ["Operators.", [...others.operators]],
  searchObjects: [
    "Text search configurations, dictionaries, parsers and templates.",
    [...others.searchObjects],
  ],
  operatorClasses: ["Operator classes and families.", [...others.operatorClasses]],
  conversions: ["Conversions between encodings.", [...others.conversions]],
};

/** Names in lines of at most 118 characters. */
function wrapped(names) {
  const lines = [""];
  for (const name of [...names].sort()) {
    if (lines.at(-1).length + name.length > 116) lines.push("");
    lines[lines.length - 1] += `${lines.at(-1) === "" ? "  " : " "}${name}`;
  }
  return lines.join("\n");
}

for (const [file, names] of Object.entries(files)) {
  const texts = names.map((name) => {
    const [comment, words] = exported[name];
    return `/** ${comment} */\nexport const ${name} = \`\n${wrapped(words)}\n\`;\n`;
  });
  writeFileSync(
    new URL(`../src/sql/builtins/${file}.ts`, import.meta.url),
    `// Written by scripts/list-builtins.mjs from pg_catalog of PostgreSQL 14 to 18. Do not edit by hand.\n\n${texts.join("\n")}`,
  );
}
