// Tests whether folders of migrations work with drizzle-fleet. For each folder, it
// 1. runs the migrations unchanged in the schema public of a database, statement by statement, as psql would;
// 2. runs them through drizzle-fleet for two tenants one after the other, and for two more at the same time;
// 3. compares all catalogs;
// 4. creates the missing downs and proves all of them.
// Prints one line for each folder. The exit code is 0 if all folders are equal and proved, otherwise 1. Needs dist/
// (npm run build).
//
// Usage: node scripts/try-history.mjs <folder>... [options]
//   --layout journal|folders  refuse folders of the other layout (default: accept both)
//   --url <url>               server on which to create databases, which are dropped at the end (default: embedded)
//   --before <file>           SQL to run in each database first: roles and schemas that the migrations expect
//   --service <json>          settings of the service, such as '{"sharedSchemas":["auth"]}'
//   --accept-unproved         accept migrations that cannot be proved to stay in their tenant
//   --no-downs                do not create or prove downs
//   --verbose                 print everything that was found
import { randomBytes } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { differenceOf } from "../dist/catalog/compare.js";
import { catalogOf } from "../dist/catalog/facts.js";
import { parseFleet } from "../dist/config/schema.js";
import { isFleetError } from "../dist/core/errors.js";
import { acquireEmbedded } from "../dist/dev/embedded.js";
import { generateDowns } from "../dist/operations/generate-downs.js";
import { migrate } from "../dist/operations/migrate.js";
import { withSession } from "../dist/postgres/session.js";
import { proveHistories } from "../dist/proof/prove-services.js";
import { readFolder } from "../dist/source/folder.js";
import { readMigrations } from "../dist/source/read-migrations.js";
import { loadParser } from "../dist/sql/parser.js";
import { SourceText } from "../dist/sql/source-text.js";
import { splitStatements } from "../dist/sql/split.js";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    layout: { type: "string" },
    url: { type: "string" },
    before: { type: "string" },
    service: { type: "string" },
    "accept-unproved": { type: "boolean" },
    "no-downs": { type: "boolean" },
    verbose: { type: "boolean" },
  },
});
if (positionals.length === 0) {
  console.error(
    "Usage: node scripts/try-history.mjs <folder>... (options: see the beginning of the script)",
  );
  process.exit(2);
}

const repository = fileURLToPath(new URL("..", import.meta.url));
const packages = { journal: "node_modules", folders: "tests/drizzle-1/node_modules" };
/** Extensions go into a separate schema, for raw SQL as for tenants: they belong to neither. */
const extensions = "extensions";
const before = values.before === undefined ? "" : await readFile(values.before, "utf8");
const work = await mkdtemp(join(tmpdir(), "drizzle-fleet-try-"));
let server;
let allPassed = true;
try {
  server = values.url === undefined ? await startEmbedded() : undefined;
  for (const folder of positionals) {
    const { migrations, outcome, reason = "" } = await tryHistory(resolve(folder));
    allPassed &&= outcome === "equal";
    console.log([folder.replace(/\/$/, ""), migrations, outcome, reason].join("\t").trimEnd());
  }
} finally {
  await server?.release();
  await rm(work, { recursive: true, force: true });
}
process.exitCode = allPassed ? 0 : 1;

function startEmbedded() {
  const options = {
    root: repository,
    folder: join(work, "server"),
    port: 54_379,
    createsRoles: true,
  };
  return acquireEmbedded(options, ["postgres"]);
}

/** The result for one folder, and the reason. */
async function tryHistory(path) {
  let migrations = 0;
  try {
    const folder = await readFolder(path);
    if (folder === undefined) return { migrations, outcome: "unreadable", reason: "no migrations" };
    migrations = folder.migrations.length;
    if (values.layout !== undefined && values.layout !== folder.layout)
      return { migrations, outcome: "unreadable", reason: `the layout is ${folder.layout}` };
    const project = await projectFor(folder);
    return { migrations, ...(await withDatabases((url) => compare(project, folder, url))) };
  } catch (error) {
    if (!isFleetError(error)) throw error;
    const problems = error.problems.length > 0 ? error.problems : [error];
    const lines = problems.map(lineOf);
    tell(lines);
    return { migrations, outcome: "refused", reason: first(lines) };
  }
}

/** Creates a project with a copy of the folder, where downs can be written, and the drizzle-kit of its layout. */
async function projectFor({ path, layout, migrations }) {
  const root = await mkdtemp(join(work, "project-"));
  await cp(path, join(root, "drizzle"), { recursive: true });
  await mkdir(join(root, "node_modules"));
  for (const name of ["drizzle-kit", "drizzle-orm"])
    await symlink(join(repository, packages[layout], name), join(root, "node_modules", name));
  await writeFile(join(root, "schema.ts"), "export {};\n");
  const accepted = values["accept-unproved"] === true ? migrations.map(({ tag }) => tag) : [];
  const service = {
    ...{ schema: "./schema.ts", out: "./drizzle", database: "main" },
    ...{ tenantSchema: "try_{tenant}", extensionSchema: extensions, acceptUnproved: accepted },
    ...JSON.parse(values.service ?? "{}"),
  };
  return { root, service };
}

async function withDatabases(use) {
  const names = ["raw", "fleet", "proof"].map(
    (name) => `try_${name}_${randomBytes(4).toString("hex")}`,
  );
  const admin = values.url ?? server.superuserAddressOf("postgres").url;
  const on = (url, sql) =>
    withSession({ name: "main", url }, { waitMs: 10_000 }, (one) => one.query(sql));
  const urlOf = (name) => Object.assign(new URL(admin), { pathname: `/${name}` }).href;
  try {
    for (const name of names) {
      await on(admin, `CREATE DATABASE ${name}`);
      await on(urlOf(name), `CREATE SCHEMA IF NOT EXISTS ${extensions}`);
      for (const sql of split("before", before)) await on(urlOf(name), sql);
    }
    return await use(names.map(urlOf));
  } finally {
    for (const name of names) await on(admin, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }
}

async function compare({ root, service }, folder, [rawUrl, fleetUrl, proofUrl]) {
  await loadParser();
  const context = contextFor(root, service, fleetUrl);
  const raw = await runRaw(folder, rawUrl);
  if (raw.failure !== undefined) tell([`raw: ${raw.failure}`]);
  for (const tenants of [["one"], ["two"], ["three", "four"]]) {
    const failure = await runThrough(context, tenants);
    if (failure === undefined) continue;
    const alone = raw.failure === undefined;
    return alone
      ? { outcome: "fails", reason: `${tenants[0]}: ${failure}` }
      : { outcome: "raw fails", reason: raw.failure };
  }
  if (raw.failure !== undefined)
    return {
      outcome: "differs",
      reason: `the raw history fails, but the tenants do not: ${raw.failure}`,
    };
  const different = await differences(fleetUrl, raw.catalog, folder);
  if (different !== undefined) return { outcome: "differs", reason: different };
  if (values["no-downs"] === true) return { outcome: "equal" };
  const downs = await proveDowns(context, proofUrl);
  return downs.length === 0 ? { outcome: "equal" } : { outcome: "unproved", reason: first(downs) };
}

function contextFor(root, service, url) {
  const tenants = ["one", "two", "three", "four"];
  const fleet = parseFleet({ databases: { main: { url } }, services: { app: service }, tenants });
  return { config: { fleet, root, file: join(root, "x.ts") }, environment: {}, notify: () => {} };
}

/** Runs the migrations unchanged, one statement at a time. Returns the catalog, or the first failure with its file. */
async function runRaw({ path }, url) {
  const found = await readMigrations("app", path);
  return withSession({ name: "raw", url }, { waitMs: 10_000 }, async (session) => {
    for (const { tag, text } of found) {
      await session.query(`SET search_path = public, ${extensions}`);
      for (const sql of split(tag, text)) {
        try {
          await session.query(inExtensionSchema(sql));
        } catch (error) {
          return { failure: `${tag}: ${line(error.message)}` };
        }
      }
      // Ends a transaction that the file left open.
      await session.query("COMMIT");
    }
    return { catalog: (await catalogOf(session, "public")).map(pinned) };
  });
}

function split(name, text) {
  return splitStatements(new SourceText(name, text.replace(/^\uFEFF/, "")), []).map(
    ({ parsed }) => parsed.text,
  );
}

function inExtensionSchema(sql) {
  const [, name] = /^CREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?("[^"]+"|\w+)/i.exec(sql) ?? [];
  return name === undefined
    ? sql
    : `CREATE EXTENSION IF NOT EXISTS ${name} SCHEMA ${extensions} CASCADE`;
}

/** Removes intended differences: SECURITY DEFINER functions get a search_path, and nothing is granted to PUBLIC. */
function pinned(fact) {
  return fact
    .replace(/definer=t config=\{\} /, "definer=t config=")
    .replace(/definer=t config=\{[^}]*\} /, "definer=t config=")
    .replaceAll(/,PUBLIC:[A-Z]+/g, "");
}

async function runThrough(context, tenants) {
  const request = { services: [], tenants, databases: [] };
  const { outcomes } = await migrate(context, request, () => {});
  const failed = outcomes.find(({ status }) => status !== "succeeded");
  if (failed === undefined) return undefined;
  const { message, file, line: at } = failed.failure ?? { message: failed.status };
  return `${basename(file ?? "")}${at === undefined ? "" : `:${at}`} ${line(message)}`;
}

/** What a tenant has in addition to the raw history, or lacks. */
async function differences(url, expected, { migrations }) {
  return withSession({ name: "fleet", url }, { waitMs: 10_000 }, async (session) => {
    for (const tenant of ["one", "two", "three", "four"]) {
      const found = (await catalogOf(session, `try_${tenant}`)).map(pinned);
      const { missing, extra } = differenceOf(expected, found);
      const lines = [
        ...missing.map((fact) => `missing: ${fact}`),
        ...extra.map((fact) => `unexpected: ${fact}`),
      ];
      tell(lines);
      if (lines.length > 0) return `${tenant}: ${lines.length} differences, ${line(lines[0])}`;
      if (found.length === 0 && migrations.length > 0) return `${tenant}: the schema is empty`;
    }
    const strays = await catalogOf(session, "public");
    return strays.length === 0 ? undefined : `public contains ${line(strays[0])}`;
  });
}

async function proveDowns(context, url) {
  await generateDowns(context, [], false);
  // SQL written by hand is in no snapshot; here this is not a fault.
  const findings = (await proveHistories(context, ["app"], url)).filter(
    ({ problem }) => problem.identity === undefined,
  );
  for (const { problem } of findings) tell([problem.excerpt ?? ""]);
  const lines = findings.map(({ problem }) => lineOf(problem));
  tell(lines);
  return lines;
}

/** One line for a problem, with its path in the original folder instead of the project's copy. */
function lineOf({ where, message }) {
  const place = where?.replace(/^.*\/project-[^/]+\/drizzle\//, "");
  return place === undefined ? line(message) : `${place}: ${line(message)}`;
}

function first(lines) {
  return lines.length > 1 ? `${lines[0]} (and ${lines.length - 1} more)` : lines[0];
}

/** The first line of a text, shortened to 160 characters. */
function line(text) {
  const [first = ""] = String(text).split("\n");
  return first.length > 160 ? `${first.slice(0, 160)}...` : first;
}

function tell(lines) {
  if (values.verbose === true) for (const one of lines) console.error(`  ${one}`);
}
