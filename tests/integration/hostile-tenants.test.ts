import { createHash } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { isFleetError } from "../../src/core/errors.ts";
import { quoteIdentifier } from "../../src/core/quoting.ts";
import type { Context } from "../../src/fleet/context.ts";
import { addTenant } from "../../src/operations/add-tenant.ts";
import { adoptTenant } from "../../src/operations/adopt-tenant.ts";
import { archiveTenant, restoreTenant } from "../../src/operations/archive-tenant.ts";
import { cloneTenant } from "../../src/operations/clone-tenant.ts";
import { exportTenant } from "../../src/operations/export-tenant.ts";
import { grantTenant } from "../../src/operations/grant-tenants.ts";
import { importTenant } from "../../src/operations/import-tenant.ts";
import { listTenants } from "../../src/operations/list-tenants.ts";
import { migrate } from "../../src/operations/migrate.ts";
import { removeTenant } from "../../src/operations/remove-tenant.ts";
import { renameTenant } from "../../src/operations/rename-tenant.ts";
import { status } from "../../src/operations/status.ts";
import { createDatabase, createRole, type TestDatabase } from "../support/database.ts";
import {
  appFleet,
  contextFor,
  createFolder,
  type Files,
  history,
  migrateAll,
  writeFiles,
} from "../support/fleet.ts";
import { createRandom, type Random } from "../support/random.ts";

const words = (text: string) => text.trim().split(/\s+/);

/** The bytes that fit after app_. */
const room = 59;
const fits = (name: string) => Buffer.byteLength(name) <= room;

const allowed = [
  ...words("select user table SELECT null NULL default current_user public pg pg_catalog"),
  ...words("information_schema drizzle_fleet DROP_TABLE_users union.select 1.or.1-1 0x41 true"),
  ...words("__proto__ constructor toString hasOwnProperty valueOf prototype undefined NaN"),
  ...words("acme ACME Acme aCME app_acme acme-acme acme.acme app_app_acme a.b a-b a_b _ _- __"),
  ...words("2fast 007 1e5 ٣ größe GRÖSSE Straße 日本語 हिन्दी x\u0304 𠮷野家 ı i I İ ﬁ fi --json_"),
  ...["x".repeat(59), `${"x".repeat(58)}y`, `${"日".repeat(19)}ab`, `${"ü".repeat(29)}y`],
].filter((name) => !name.startsWith("-"));

const refused = [
  ...words(String.raw`a"b a'b a;b a,b a/b ../a ..\a a\b a%b a(b) $(x) \`x\` a$b $$ {tenant} -a .a`),
  ...words(`--help .. . 😀 a😀 ';DROP a&&b a|b a=b a:b @ # *`),
  ...["", " ", " a", "a ", "a b", "x".repeat(60), "ü".repeat(30), "\u0301a"],
  ...["\0", "\n", "\r", "\t", "\u001b[2J", "\u007f", "\u0085", "\u2028", "\u00a0"].map(
    (character) => `a${character}b`,
  ),
  ...["\u200b", "\u200f", "\u202e", "\u2066", "\ufeff", "\ud800", "e\u0301"].map(
    (character) => `a${character}b`,
  ),
];

/** Names made from pieces of other names, in other cases, and nested in each other. */
function generatedNames(random: Random, count: number): string[] {
  const names = new Set(allowed);
  const heads = [..."azAZ09_ßıİﬁé日𠮷ह"];
  const tails = [...heads, ..."-.", "हि", "--", "..", "app_"];
  const pick = <Item>(items: readonly Item[]) => items[random.below(items.length)] as Item;
  while (names.size < count) {
    const known = [...names];
    const made = [
      () => pick(heads) + Array.from({ length: random.below(20) }, () => pick(tails)).join(""),
      () => pick(known).toUpperCase(),
      () => pick(known).toLowerCase(),
      () => `${pick(known)}${pick([..."-._"])}${pick(known)}`,
      () => pick(heads) + pick(known),
    ];
    const name = pick(made)().normalize("NFC");
    if (fits(name) && /^[^\p{M}]/u.test(name)) names.add(name);
  }
  return random.shuffled([...names]);
}

/** Valid names with an invalid character inserted. */
function spoiltNames(random: Random, names: readonly string[], count: number): string[] {
  const bad = ["'", '"', ";", "\0", "\n", " ", "/", "\\", "$", "\u202e", "😀", "e\u0301", "(", "%"];
  const spoilt = new Set(refused);
  while (spoilt.size < count) {
    const name = [...(names[random.below(names.length)] ?? "")];
    name.splice(random.below(name.length + 1), 0, bad[random.below(bad.length)] ?? "'");
    spoilt.add(name.join(""));
  }
  return [...spoilt];
}

async function createFleet(tables: Files) {
  const database = await createDatabase();
  const { role } = await createRole(database, { mayCreate: false });
  const root = await createFolder(history("drizzle/app", tables));
  const { tenants: _, ...fleet } = appFleet(database.url, []);
  const environment = { DB_USER_SERVER: role, DB_PASSWORD_SERVER: "plain" };
  return { database, role, root, context: contextFor(root, fleet, environment) };
}

/** Runs `use` for all names, a few at a time. */
async function each(names: readonly string[], use: (name: string) => Promise<unknown>) {
  const rest = [...names];
  const worker = async () => {
    for (let name = rest.pop(); name !== undefined; name = rest.pop()) await use(name);
  };
  await Promise.all(Array.from({ length: 4 }, worker));
}

const schemaOf = (tenant: string) => `app_${tenant}`;
const sorted = (names: Iterable<string>) => [...names].sort();

async function schemasOf(database: TestDatabase): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    `SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'drizzle_fleet', 'public')`,
  );
  return sorted(rows.map(({ name }) => name));
}

/** The tenants with a schema that the application role can use. */
async function openTo(database: TestDatabase, role: string): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    `SELECT nspname AS name FROM pg_namespace WHERE nspname LIKE 'app\\_%' AND has_schema_privilege($1, oid, 'USAGE')`,
    [role],
  );
  return sorted(rows.map(({ name }) => name));
}

async function registeredIn(database: TestDatabase): Promise<Map<string, string>> {
  const rows = await database.query<{ id: string; status: string }>(
    "SELECT id, status FROM drizzle_fleet.tenants",
  );
  return new Map(rows.map(({ id, status }) => [id, status]));
}

/** The contents of each tenant's own table, which must be the tenant's name alone. */
async function contentsOf(database: TestDatabase, tenants: readonly string[]): Promise<string[]> {
  const [row] = await database.query<{ all: string[] | null }>(
    tenants.length === 0
      ? `SELECT NULL AS "all"`
      : `SELECT array_agg(owner) AS "all" FROM (${tenants
          .map(
            (tenant) =>
              `SELECT '${schemaOf(tenant)}' || '=' || (SELECT string_agg(owner, ',') FROM ${quoteIdentifier(schemaOf(tenant))}.notes) AS owner`,
          )
          .join(" UNION ALL ")}) AS one`,
  );
  return sorted(row?.all ?? []);
}

const wholeContents = (tenants: readonly string[]) =>
  sorted(tenants.map((tenant) => `${schemaOf(tenant)}=${tenant}`));

test("tenants with 120 odd names can be added, used and removed without affecting others", async () => {
  const seed = Date.now() % 1e9;
  console.log(`hostile-tenants: seed ${seed}`);
  const random = createRandom(seed);
  const names = generatedNames(random, 120);
  const first = { "0000_notes": "CREATE TABLE notes (owner text);" };
  const { database, role, root, context } = await createFleet(first);

  await each(names, (tenant) => addTenant(context, { tenant, attributes: { name: tenant } }));
  expect(await schemasOf(database)).toEqual(sorted(names.map(schemaOf)));
  expect(await openTo(database, role)).toEqual(sorted(names.map(schemaOf)));
  await fill(database, names);
  expect(await contentsOf(database, names)).toEqual(wholeContents(names));

  const [archived, kept] = halves(random, names);
  await each(archived, (tenant) => archiveTenant(context, { tenant }));
  expect(await openTo(database, role)).toEqual(sorted(kept.map(schemaOf)));

  await writeFiles(
    root,
    history("drizzle/app", { ...first, "0001_more": "ALTER TABLE notes ADD COLUMN more text;" }),
  );
  const migrated = await migrateAll(context);
  expect(
    sorted(migrated.outcomes.map(({ target, status: how }) => `${target.tenant} ${how}`)),
  ).toEqual(sorted(kept.map((tenant) => `${tenant} succeeded`)));
  const statuses = await status(context, { services: [], tenants: [], databases: [] });
  expect(sorted(statuses.map(({ target }) => target.tenant ?? ""))).toEqual(sorted(kept));

  const list = await listTenants(context, { statuses: [], attributes: {} });
  expect(list.counts).toEqual({ active: kept.length, archived: archived.length });
  expect(list.orphans).toEqual([]);
  expect(
    sorted(
      list.tenants.map(
        ({ id, status: how, attributes, services }) =>
          `${id} ${how} ${attributes.name} ${services.app?.schema} ${services.app?.pending}`,
      ),
    ),
  ).toEqual(
    sorted([
      ...kept.map((tenant) => `${tenant} active ${tenant} ${schemaOf(tenant)} 0`),
      ...archived.map((tenant) => `${tenant} archived ${tenant} ${schemaOf(tenant)} 1`),
    ]),
  );

  await each(archived, (tenant) => restoreTenant(context, { tenant }));
  expect(await openTo(database, role)).toEqual(sorted(names.map(schemaOf)));
  expect((await migrateAll(context)).outcomes.filter(({ applied }) => applied.length > 0)).toEqual(
    [],
  );
  expect(await contentsOf(database, names)).toEqual(wholeContents(names));

  const [forgotten] = halves(random, names);
  await database.query("DELETE FROM drizzle_fleet.tenants WHERE id = ANY($1)", [forgotten]);
  const { orphans } = await listTenants(context, { statuses: [], attributes: {} });
  expect(sorted(orphans.map(({ tenant }) => tenant))).toEqual(sorted(forgotten));
  await each(forgotten, (tenant) => adoptTenant(context, { tenant }));
  expect(await registeredIn(database)).toEqual(new Map(names.map((name) => [name, "active"])));

  const [removed, left] = halves(random, names);
  await each(removed, (tenant) => removeTenant(context, { tenant }));
  expect(await schemasOf(database)).toEqual(sorted(left.map(schemaOf)));
  expect(await registeredIn(database)).toEqual(new Map(left.map((name) => [name, "active"])));
  expect(await openTo(database, role)).toEqual(sorted(left.map(schemaOf)));
  expect(await contentsOf(database, left)).toEqual(wholeContents(left));
});

/** Puts each tenant's name into its own table. */
async function fill(database: TestDatabase, names: readonly string[]): Promise<void> {
  for (const tenant of names)
    await database.query(`INSERT INTO ${quoteIdentifier(schemaOf(tenant))}.notes VALUES ($1)`, [
      tenant,
    ]);
}

test("tenants with 120 odd names can be cloned, exported, imported and renamed", async () => {
  const seed = Date.now() % 1e9;
  console.log(`hostile-tenants: seed ${seed}`);
  const random = createRandom(seed);
  const all = random.shuffled(generatedNames(random, 120));
  const [names, others] = [all.slice(0, 60), all.slice(60)];
  const { database, role, context } = await createFleet({
    "0000_notes": "CREATE TABLE notes (owner text);",
  });
  const folder = await createFolder();
  const otherOf = (tenant: string) => others[names.indexOf(tenant)] ?? "";
  const fileOf = (tenant: string) => join(folder, `${names.indexOf(tenant)}.gz`);
  const expectTenants = async (expected: readonly string[]) => {
    expect(await schemasOf(database)).toEqual(sorted(expected.map(schemaOf)));
    expect(await openTo(database, role)).toEqual(sorted(expected.map(schemaOf)));
    expect(await registeredIn(database)).toEqual(new Map(expected.map((name) => [name, "active"])));
  };
  const copies = sorted(names.map((tenant) => `${schemaOf(otherOf(tenant))}=${tenant}`));

  await each(names, (tenant) => addTenant(context, { tenant }));
  await fill(database, names);
  await each(names, (tenant) => cloneTenant(context, { tenant, to: otherOf(tenant) }));
  await expectTenants(all);
  await each(names, (tenant) =>
    removeTenant(context, { tenant: otherOf(tenant), dump: fileOf(tenant) }),
  );
  await expectTenants(names);
  await each(names, (tenant) =>
    importTenant(context, { file: fileOf(tenant), tenant: otherOf(tenant) }),
  );
  await expectTenants(all);
  expect(await contentsOf(database, others)).toEqual(copies);
  expect(await contentsOf(database, names)).toEqual(wholeContents(names));

  await each(names, (tenant) => removeTenant(context, { tenant }));
  await each(names, (tenant) => renameTenant(context, { tenant: otherOf(tenant), to: tenant }));
  await expectTenants(names);
  expect(await contentsOf(database, names)).toEqual(wholeContents(names));
  await each(names, (tenant) => renameTenant(context, { tenant, to: otherOf(tenant) }));
  await expectTenants(others);
  expect(await contentsOf(database, others)).toEqual(copies);
}, 180_000);

function halves(random: Random, names: readonly string[]): [string[], string[]] {
  const mixed = random.shuffled(names);
  const middle = Math.ceil(mixed.length / 2);
  return [mixed.slice(0, middle), mixed.slice(middle)];
}

const hostileFile = join(tmpdir(), `drizzle-fleet-hostile-${process.pid}.ndjson`);

const verbs: Readonly<Record<string, (context: Context, tenant: string) => Promise<unknown>>> = {
  add: (context, tenant) => addTenant(context, { tenant }),
  adopt: (context, tenant) => adoptTenant(context, { tenant }),
  archive: (context, tenant) => archiveTenant(context, { tenant }),
  restore: (context, tenant) => restoreTenant(context, { tenant }),
  grant: (context, tenant) => grantTenant(context, { tenant }),
  remove: (context, tenant) => removeTenant(context, { tenant }),
  "rename from": (context, tenant) => renameTenant(context, { tenant, to: "other" }),
  "rename to": (context, tenant) => renameTenant(context, { tenant: "fine", to: tenant }),
  "clone from": (context, tenant) => cloneTenant(context, { tenant, to: "other" }),
  "clone to": (context, tenant) => cloneTenant(context, { tenant: "fine", to: tenant }),
  export: (context, tenant) => exportTenant(context, { tenant, file: join(tmpdir(), "none.gz") }),
  import: (context, tenant) => importTenant(context, { tenant, file: hostileFile }),
  migrate: (context, tenant) =>
    migrate(context, { services: [], databases: [], tenants: [tenant] }, () => undefined),
  status: (context, tenant) => status(context, { services: [], databases: [], tenants: [tenant] }),
};

test("every verb refuses names that cannot be used, and creates nothing", async () => {
  const seed = Date.now() % 1e9;
  console.log(`hostile-tenants: seed ${seed}`);
  const { database, context } = await createFleet({
    "0000_notes": "CREATE TABLE notes (owner text);",
  });
  const names = spoiltNames(createRandom(seed), allowed.slice(0, 30), 80);

  await writeFile(hostileFile, fileOf("fine"));
  onTestFinished(() => rm(hostileFile));
  // Even if there is no registry yet.
  await refuseAll(context, names.slice(0, 20));
  expect(await schemasOf(database)).toEqual([]);
  expect(await database.query("SELECT to_regnamespace('drizzle_fleet') AS control")).toEqual([
    { control: null },
  ]);

  await addTenant(context, { tenant: "fine" });
  await refuseAll(context, names);
  expect(await schemasOf(database)).toEqual(["app_fine"]);
  expect(await registeredIn(database)).toEqual(new Map([["fine", "active"]]));
});

/** A complete export of a tenant with an empty schema. */
function fileOf(tenant: string): string {
  const header = {
    kind: "tenant",
    format: 1,
    tenant,
    attributes: {},
    writtenBy: "",
    writtenAt: "",
  };
  const schema = {
    kind: "schema",
    service: "app",
    server: 1,
    preData: [],
    postData: [],
    sequences: [],
  };
  const text = [header, schema].map((line) => `${JSON.stringify(line)}\n`).join("");
  const sha256 = createHash("sha256").update(text).digest("hex");
  return `${text}${JSON.stringify({ kind: "end", sha256 })}\n`;
}

async function refuseAll(context: Context, names: readonly string[]): Promise<void> {
  await each(names, async (name) => {
    for (const [verb, run] of Object.entries(verbs)) {
      const error = await run(context, name).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      const shown = `${verb} ${JSON.stringify(name)}`;
      if (!isFleetError(error)) throw new Error(`${shown} is not refused`, { cause: error });
      expect(["config", "usage", "tenant"], `${shown}: ${error.message}`).toContain(error.code);
      expect(`${error.message} ${error.remedy}`, shown).not.toMatch(/\p{C}|\u0301|SQLSTATE/u);
    }
  });
}
