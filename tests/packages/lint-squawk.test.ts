import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { type LintFinding, statementsOf } from "../../src/lint/lint.ts";
import type { LintedStatement } from "../../src/lint/rule.ts";
import { droppedObjects, relationIn, relationOfParts } from "../../src/lint/tree-parts.ts";
import { createDatabase } from "../support/database.ts";
import { findingsIn, histories, tracedFolder } from "../support/lint.ts";
import { repository } from "../support/repository.ts";

/** squawk-cli's program, from the registry. It is no development dependency: npm ci would need the packages of all platforms. */
let squawk = "";
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "drizzle-fleet-squawk-"));
  const install = ["install", "--no-audit", "--no-fund", "--prefix", folder, "squawk-cli@2.66.0"];
  await promisify(execFile)("npm", install, { cwd: folder });
  squawk = join(folder, "node_modules/squawk-cli/js/bin/squawk");
  return () => rm(folder, { recursive: true, force: true });
}, 120_000);

/** What squawk finds; its lines and columns count from 0. */
interface SquawkFinding {
  readonly file: string;
  readonly line: number;
  readonly line_end: number;
  readonly rule_name: string;
}

/** For each rule of squawk, the rules that find the same thing here. */
const same: Readonly<Record<string, readonly string[]>> = {
  "adding-field-with-default": ["rewrite"],
  "adding-foreign-key-constraint": ["scan-while-locked", "shared-fk-add"],
  "adding-not-nullable-field": ["scan-while-locked", "required-column", "rewrite"],
  "adding-required-field": ["required-column"],
  "adding-serial-primary-key-field": ["blocking-constraint", "rewrite"],
  "ban-drop-column": ["destructive", "contract-early"],
  "ban-drop-table": ["destructive", "contract-early"],
  "ban-truncate-cascade": ["truncate"],
  "changing-column-type": ["rewrite", "enum-recreate", "timestamp-rewrite"],
  "constraint-missing-not-valid": ["scan-while-locked", "blocking-constraint"],
  "disallowed-unique-constraint": ["blocking-constraint"],
  "renaming-column": ["contract-early"],
  "renaming-table": ["contract-early"],
  "require-concurrent-index-creation": ["blocking-index"],
  "require-concurrent-index-deletion": ["blocking-index"],
  "require-concurrent-partition-detach": ["partition"],
  "require-concurrent-reindex": ["blocking-index"],
};

/** Rules of squawk that have no counterpart here, and why. */
const without: Readonly<Record<string, string>> = {
  "ban-alter-domain-with-add-constraint": "a check of a domain is a choice; its scans are traced",
  "ban-create-domain-with-constraint": "a new domain with a check locks nothing",
  "ban-uncommitted-transaction": "the runner commits",
  "prefer-bigint-over-int": "integer width: teams that linted drizzle's output turned this off",
  "prefer-bigint-over-smallint": "integer width",
  "prefer-identity": "a preference; serial columns are what existing Drizzle schemas have",
  "prefer-robust-stmts":
    "a migration that failed is rolled back, and the ledger knows where to go on",
  "prefer-text-field": "text types are a choice",
  "prefer-timestamp-tz": "column types are a choice",
  "require-enum-value-ordering":
    "appending a value is what drizzle-kit generates, and locks nothing",
  "require-lock-timeout": "the guard of each transaction sets it",
  "require-statement-timeout": "the guard of each transaction sets it",
  "syntax-error": "squawk's grammar lacks what PostgreSQL's accepts",
  "transaction-nesting": "BEGIN and COMMIT in a file divide it into segments",
};

/** Why something that squawk finds is not reported for its statement. */
function reasonWithout(
  { rule_name: rule }: SquawkFinding,
  statement: LintedStatement,
  ours: readonly LintFinding[],
): string | undefined {
  const { kind, body, source, effects, all, isNew, before } = statement;
  const [dropped] = droppedObjects(kind, body);
  const table = relationIn(body.relation, source) ?? relationOfParts(dropped?.parts, source);
  if (table !== undefined && isNew(table)) return "the migration itself has created the table";
  const isReported = (other: LintedStatement, id: string) =>
    ours.some((one) => one.rule === id && one.line === other.statement.line);
  const at = all.indexOf(statement);
  const ofTable = (one: LintedStatement) => relationIn(one.body.relation, source)?.name;
  if (rule === "changing-column-type") {
    if (effects.rewritten.length === 0) return "nothing is rewritten";
    const back = all.slice(at).filter((one) => ofTable(one) === table?.name);
    if (back.some((one) => isReported(one, "enum-recreate"))) return "reported at the change back";
  }
  if (rule === "renaming-column") {
    const renamed = all.slice(0, at).find((one) => one.body.newname === table?.name);
    if (renamed !== undefined && isReported(renamed, "contract-early"))
      return "the table is renamed, too, which is reported";
  }
  if (rule === "renaming-table" && table !== undefined && before?.get(table.name)?.isPartition)
    return "programs use the partitioned table, not its partition";
  if (/constraint|foreign/.test(rule) && effects.scanned.length === 0) return "no table is read";
  return undefined;
}

test.each(histories)(
  "everything that squawk finds in %s is found, or there is a reason why not",
  async (folder, allowance) => {
    const names = (await readdir(join(repository, folder))).filter(
      (name) => name.endsWith(".sql") && !name.endsWith(".down.sql"),
    );
    const files = names.map((name) => join(folder, name));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [squawk, "--reporter", "json", ...files],
      { cwd: repository, maxBuffer: 64 * 1024 * 1024 },
    ).catch((error: { stdout: string }) => error);
    const theirs = JSON.parse(stdout) as SquawkFinding[];
    expect(theirs.length).toBeGreaterThan(names.length);
    const { url } = await createDatabase();
    const migrations = await tracedFolder(url, folder, allowance);
    const ours = findingsIn(migrations);
    const missing = theirs.flatMap((finding) => {
      const { rule_name: rule, file, line } = finding;
      if (rule in without) return [];
      const migration = migrations.find((one) => join(folder, `${one.migration.tag}.sql`) === file);
      if (migration === undefined) return [`${file} is not in the journal`];
      const statement = statementsOf(migration).findLast((one) => one.statement.line <= line + 1);
      if (statement === undefined) return [`${file}:${line + 1} is in no statement`];
      const { tag } = migration.migration;
      const here = ours.filter((one) => one.tag === tag);
      const isFound = here.some(
        (one) => one.line === statement.statement.line && same[rule]?.includes(one.rule),
      );
      if (isFound || reasonWithout(finding, statement, here) !== undefined) return [];
      return [`${rule} ${file}:${line + 1} ${statement.statement.original.slice(0, 100)}`];
    });
    expect(missing).toEqual([]);
  },
);
