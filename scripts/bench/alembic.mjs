// Alembic in the usual manner of fleets: one process per tenant, as many at a time as there are connections.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "./measure.mjs";

/** A process takes so long that a few tenants show the rate, whatever the number of tenants is. */
const sample = 20;

export const howToInstall = "apt-get install alembic python3-psycopg2";

export function isInstalled() {
  return spawnSync("alembic", ["--version"]).status === 0;
}

/** As the cookbook of Alembic has it for schemas of tenants. The first migration creates the schema, as all ways do. */
const environment = `import os
from alembic import context
from sqlalchemy import create_engine, pool, text

schema = context.get_x_argument(as_dictionary=True)["schema"]
engine = create_engine(os.environ["BENCH_URL"], poolclass=pool.NullPool, future=True)
with engine.connect() as connection:
    if os.environ.get("BENCH_CREATE"):
        connection.execute(text(f'CREATE SCHEMA "{schema}"'))
    connection.execute(text(f'SET search_path TO "{schema}"'))
    connection.commit()
    connection.dialect.default_schema_name = schema
    context.configure(connection=connection, version_table_schema=schema)
    with context.begin_transaction():
        context.run_migrations()
`;

function writeProject(folder, migrations) {
  mkdirSync(join(folder, "migrations/versions"), { recursive: true });
  writeFileSync(join(folder, "alembic.ini"), "[alembic]\nscript_location = migrations\n");
  writeFileSync(join(folder, "migrations/env.py"), environment);
  for (const [index, statements] of migrations.entries()) {
    // A JSON text of these statements is also a Python literal.
    const lines = statements.map((statement) => `    op.execute(${JSON.stringify(statement)})\n`);
    const script = `from alembic import op

revision = "r${index}"
down_revision = ${index === 0 ? "None" : `"r${index - 1}"`}


def upgrade():
${lines.join("")}`;
    writeFileSync(join(folder, `migrations/versions/r${index}.py`), script);
  }
}

/**
 * Upgrades a sample of tenants with schemas of their own.
 *
 * @param fleet the migrations so far, and the number of tenants
 * @returns the time for the sample, multiplied to that of all tenants
 */
export async function upgradeByAlembic({ root, url, migrations, count, connections }) {
  const cwd = join(root, "alembic");
  writeProject(cwd, migrations);
  const create = migrations.length === 1 ? { BENCH_CREATE: "1" } : {};
  const queue = Array.from({ length: sample }, (_, index) => `alembic_${index}`);
  const startedAt = performance.now();
  const upgrade = async () => {
    for (let schema = queue.pop(); schema !== undefined; schema = queue.pop())
      await runProgram("alembic", ["-x", `schema=${schema}`, "upgrade", "head"], {
        cwd,
        environment: { BENCH_URL: url, ...create },
      });
  };
  await Promise.all(Array.from({ length: connections }, upgrade));
  return { elapsedMs: (performance.now() - startedAt) * (count / sample) };
}
