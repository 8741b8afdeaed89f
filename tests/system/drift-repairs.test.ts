import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import type { TestDatabase } from "../support/database.ts";
import { cases, structure } from "../support/drift-cases.ts";
import { runPsql } from "../support/psql.ts";
import { createFleet } from "../support/small-fleet.ts";

/** A fleet in which each tenant has drifted in another way. */
async function createDriftedFleet() {
  const tenants = cases.map((_, index) => `t${index}`);
  const { database, project } = await createFleet({
    tenants,
    migrations: { "0000_all": structure },
  });
  const migrated = await runCli(project, ["migrate"]);
  expect(migrated, migrated.stdout).toMatchObject({ code: 0 });
  for (const [index, [sql]] of cases.entries()) await drift(database, `app_t${index}`, sql);
  const { stdout } = await runCli(project, ["drift", "--json"]);
  const { shapes } = JSON.parse(stdout) as { shapes: FoundShape[] };
  const found = new Map(
    shapes.flatMap(({ targets, differences }) =>
      targets.map(({ tenant }) => [tenant, differences.map(({ kind, name }) => [kind, name])]),
    ),
  );
  expect(found).toEqual(
    new Map(cases.map(([, kind, name], index) => [`t${index}`, [[kind, name]]])),
  );
  return { database, project };
}

interface FoundShape {
  readonly targets: readonly { readonly tenant: string }[];
  readonly differences: readonly { readonly kind: string; readonly name: string }[];
}

async function drift(database: TestDatabase, schema: string, sql: string): Promise<void> {
  for (const statement of sql.split("; "))
    await database.query(
      `SET search_path = ${schema}; ${statement.replaceAll("{schema}", schema)}`,
    );
}

test("psql accepts the repair of every kind of drift, and the tenants are as expected afterwards", async () => {
  const { database, project } = await createDriftedFleet();
  const folder = join(project, "repairs");
  const written = await runCli(project, ["drift", "--sql", folder, "--allow-drops"]);
  expect(written.stderr).not.toContain("Not repaired");
  const files = await readdir(join(folder, "main", "app"));
  expect(files).toHaveLength(cases.length);
  for (const file of files) {
    const run = await runPsql(database, join(folder, "main", "app", file));
    expect(run, run.stderr).toMatchObject({ code: 0 });
  }
  expect(await runCli(project, ["drift"])).toMatchObject({ code: 0 });
}, 180_000);

test("drift --fix repairs every kind of drift", async () => {
  const { project } = await createDriftedFleet();
  const fixed = await runCli(project, ["drift", "--fix", "--allow-drops", "--yes"]);
  expect(fixed, fixed.stdout).toMatchObject({ code: 0 });
  expect(await runCli(project, ["drift"])).toMatchObject({ code: 0 });
}, 180_000);
