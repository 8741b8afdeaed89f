import type { Files } from "./fleet.ts";
import type { Queries } from "./own-server.ts";

/** A migration, its down, and what it leaves in a tenant schema. */
interface Traces {
  readonly sql: string;
  readonly down?: string;
  readonly columns: readonly string[];
  readonly rows: readonly string[];
  readonly indexes: readonly string[];
}

/** Calls a function in a shared schema that takes as long as `ChaosFleet.setPace` says. */
const pass = `SELECT "chaos"."pass"();`;

/** A migration in one transaction: a column and a row. */
function column(tag: string): Traces {
  const name = `c${tag}`;
  const sql = `ALTER TABLE "public"."runs" ADD COLUMN "${name}" text DEFAULT 'new';
INSERT INTO "runs" ("tag") VALUES ('${tag}');
${pass}`;
  const down = `${pass}
DELETE FROM "runs" WHERE "tag" = '${tag}';
ALTER TABLE "public"."runs" DROP COLUMN "${name}";`;
  return { sql, down, columns: [name], rows: [tag], indexes: [] };
}

/** A migration that runs outside a transaction. */
function index(tag: string): Traces {
  const sql = `CREATE INDEX CONCURRENTLY "i${tag}" ON "public"."runs" ("tag");`;
  return { sql, columns: [], rows: [], indexes: [`i${tag}`] };
}

/** A migration of several transactions with an index between them. */
function several(tag: string): Traces {
  const sql = `INSERT INTO "runs" ("tag") VALUES ('${tag} first');
CREATE UNIQUE INDEX CONCURRENTLY "i${tag}" ON "public"."runs" ("tag");
INSERT INTO "runs" ("tag") VALUES ('${tag} last');
${pass}`;
  return { sql, columns: [], rows: [`${tag} first`, `${tag} last`], indexes: [`i${tag}`] };
}

/** A migration that writes about 400 kB. */
function volume(tag: string): Traces {
  const { sql, ...traces } = column(tag);
  const rows = `SELECT repeat(md5(g::text), 4) FROM generate_series(1, 2500) AS g`;
  return { ...traces, sql: `CREATE TABLE "v${tag}" AS ${rows};\n${sql}` };
}

const start: Traces = {
  sql: `CREATE TABLE "public"."runs" ("tag" text NOT NULL);\nINSERT INTO "runs" VALUES ('0000');`,
  columns: ["tag"],
  rows: ["0000"],
  indexes: [],
};

const kinds = { "0000": start, "0001": column("0001") };
const later = {
  "0002": column("0002"),
  "0003": volume("0003"),
  "0004": index("0004"),
  "0005": column("0005"),
  "0006": several("0006"),
  "0007": column("0007"),
  "0008": column("0008"),
};
const all: Readonly<Record<string, Traces>> = { ...kinds, ...later };

/** Migrations by tag: those that all tenants have before the failure, and those together with the pending ones. */
export const before = sqlOf(kinds);
export const after = sqlOf(all);

/** The number of pending migrations of each tenant when the failure begins. */
export const missing = Object.keys(later).length;

/** The number of migrations of a tenant that is at head. */
export const head = Object.keys(all).length;

/** The downs of the newest two migrations. */
export const downs: Files = Object.fromEntries(
  Object.entries(all)
    .slice(-2)
    .map(([tag, { down = "" }]) => [`drizzle/app/${tag}.down.sql`, down]),
);

function sqlOf(migrations: Readonly<Record<string, Traces>>): Files {
  return Object.fromEntries(Object.entries(migrations).map(([tag, { sql }]) => [tag, sql]));
}

/** The complete migrations of a tenant schema according to its ledger, and where the catalog differs from that. */
export interface LedgerState {
  readonly whole: readonly string[];
  readonly disagreements: readonly string[];
}

/** Compares a tenant schema's ledger with its tables, rows and indexes, all read at one moment. */
export async function ledgerStateOf(database: Queries, schema: string): Promise<LedgerState> {
  const [found] = await database.query<Found>(
    `SELECT ARRAY(SELECT tag FROM ${schema}.__fleet_ledger WHERE applied = statements AND NOT begun ORDER BY tag) AS whole,
       ARRAY(SELECT tag FROM ${schema}.__fleet_ledger WHERE applied < statements OR begun) AS partial,
       ARRAY(SELECT tag FROM ${schema}.runs) AS rows,
       ARRAY(SELECT attname::text FROM pg_attribute
         WHERE attrelid = '${schema}.runs'::regclass AND attnum > 0 AND NOT attisdropped) AS columns,
       ARRAY(SELECT relname::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
         WHERE relnamespace = '${schema}'::regnamespace AND relname LIKE 'i%' AND indisvalid) AS indexes`,
  );
  if (found === undefined) throw new Error(`${schema} has no ledger`);
  return { whole: found.whole, disagreements: disagreementsOf(found) };
}

interface Found {
  readonly whole: readonly string[];
  readonly partial: readonly string[];
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly indexes: readonly string[];
}

function disagreementsOf(found: Found): string[] {
  return Object.entries(all).flatMap(([tag, traces]) => {
    if (found.partial.includes(tag)) return [];
    const wanted = found.whole.includes(tag) ? 1 : 0;
    return (["rows", "columns", "indexes"] as const).flatMap((kind) =>
      traces[kind].flatMap((name) => {
        const count = found[kind].filter((one) => one === name).length;
        if (count === wanted) return [];
        return [`${tag}: ${count} instead of ${wanted} of ${kind} ${name}`];
      }),
    );
  });
}
