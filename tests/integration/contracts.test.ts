import { expect, test } from "vitest";
import type { Context } from "../../src/fleet/context.ts";
import { addTenant } from "../../src/operations/add-tenant.ts";
import { runCli } from "../support/cli.ts";
import type { TestDatabase } from "../support/database.ts";
import {
  byTenant,
  downgradeAll,
  type Files,
  history,
  migrateAll,
  writeFiles,
} from "../support/fleet.ts";
import { createFleet, type SmallFleetOptions } from "../support/small-fleet.ts";

const base: Files = {
  "0000_users": "CREATE TABLE users (id serial PRIMARY KEY, nick text NOT NULL);",
};
const expand = "ALTER TABLE users ALTER COLUMN nick DROP NOT NULL;";
const contract = (wait = "14d") =>
  `-- drizzle-fleet: contract after 0001_expand ${wait}\nALTER TABLE users DROP COLUMN nick;`;
const migrations: Files = {
  ...base,
  "0001_expand": expand,
  "0002_contract": contract(),
  "0003_later": "ALTER TABLE users ADD COLUMN age integer;",
};
const downs: Files = {
  "drizzle/app/0001_expand.down.sql": "ALTER TABLE users ALTER COLUMN nick SET NOT NULL;",
  "drizzle/app/0002_contract.down.sql":
    "-- drizzle-fleet: data-loss column users.nick comes back without its data\nALTER TABLE users ADD COLUMN nick text;",
  "drizzle/app/0003_later.down.sql": "ALTER TABLE users DROP COLUMN age;",
};

const createContractFleet = (more: Partial<SmallFleetOptions> = {}) =>
  createFleet({
    ...{ tenants: ["a", "b", "c"], migrations: base, pending: migrations, files: downs },
    ...more,
  });

async function wait(database: TestDatabase, tenant: string, days = 15): Promise<void> {
  await database.query(
    `UPDATE app_${tenant}.__fleet_ledger SET applied_at = applied_at - interval '${days} days'`,
  );
}

const columnsOf = async (database: TestDatabase, tenant: string) =>
  (
    await database.query<{ name: string }>(
      `SELECT attname AS name FROM pg_attribute
       WHERE attrelid = 'app_${tenant}.users'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY 1`,
    )
  )
    .map(({ name }) => name)
    .join(",");

test("each target gets a contract when it is ripe there, and the verbs say what is held back", async () => {
  const { database, project, context } = await createContractFleet();
  await migrateAll(context);
  expect(byTenant(await migrateAll(context))).toMatchObject({ a: "skipped" });
  const run = (command: string) => runCli(project, command.split(" "));
  expect(await run("wait --timeout 0s")).toMatchObject({ code: 0 });
  await wait(database, "a");
  await wait(database, "b", 4);
  const status = await run("status --exit-code --json");
  expect(status.code).toBe(0);
  expect(JSON.parse(status.stdout).targets).toMatchObject([
    { current: "0003_later", head: "0003_later", pending: 0, held: [{ ripe: true }] },
    { held: [{ tag: "0002_contract", after: "0001_expand", ripe: false }] },
    { held: [{ ripe: false, ripeAt: expect.stringMatching(/^\d{4}-/) }] },
  ]);
  expect((await run("status")).stdout).toMatch(
    /1 contract is held back:\n {2}app 0002_contract: ripe in 1 target, from \S+ to \S+ in 2\nTo apply what is ripe, run: npx drizzle-fleet migrate --contract/,
  );
  expect((await run("plan")).stdout).toContain("Nothing to do: 3 targets at head.");
  expect((await run("plan --contract")).stdout).toContain("1 migration to apply to 1 target.");
  expect((await run("history")).stdout).toMatch(/0002_contract .* held in 3\n/);
  expect((await run("history --offline")).stdout).toMatch(/0002_contract .* yes\n/);
  expect((await run("drift")).stdout).toContain("No drift");
  const migrated = await run("migrate --contract --canary 1 --json");
  expect(migrated.code).toBe(0);
  expect(JSON.parse(migrated.stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({
    type: "summary",
    applied: 1,
    held: [{ service: "app", tag: "0002_contract", targets: 2, ripe: 0 }],
  });
  expect(await columnsOf(database, "a")).toBe("age,id");
  expect(await columnsOf(database, "b")).toBe("age,id,nick");
  expect((await run("drift")).stdout).toContain("No drift");
  expect(byTenant(await migrateAll(context, { contract: "all" }))).toEqual({
    ...{ a: "skipped", b: "succeeded 0002_contract", c: "succeeded 0002_contract" },
  });
  expect((await run("history")).stdout).toMatch(/0002_contract .* applied\n/);
  expect((await run("status")).stdout).not.toContain("held back");
});

test("a new tenant gets a contract only when another one has it", async () => {
  const { database, project, context } = await createContractFleet({
    tenants: ["a", "b"],
  });
  const listed = (tenants: string[]): Context => ({
    ...context,
    config: {
      ...context.config,
      fleet: { ...context.config.fleet, tenants: tenants.map((id) => ({ id, attributes: {} })) },
    },
  });
  // Code of the old release still runs: the new tenant is like the others.
  expect(byTenant(await migrateAll(listed(["a", "b"])))).toMatchObject({
    a: "succeeded 0001_expand,0003_later",
  });
  expect(byTenant(await migrateAll(listed(["new1"])))).toEqual({
    new1: "succeeded 0000_users,0001_expand,0003_later",
  });
  await wait(database, "a");
  expect(byTenant(await migrateAll(listed(["a"]), { contract: "ripe" }))).toEqual({
    a: "succeeded 0002_contract",
  });
  expect(byTenant(await migrateAll(listed(["new2"])))).toEqual({
    new2: "succeeded 0000_users,0001_expand,0002_contract,0003_later",
  });
  expect((await runCli(project, ["drift"])).stdout).toContain("No drift");
});

test("the first tenant of a database gets every contract, also from a baseline", async () => {
  const long = Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [
      `${String(index + 4).padStart(4, "0")}_column`,
      `ALTER TABLE users ADD COLUMN c${index} integer;`,
    ]),
  );
  const { database, context } = await createFleet({
    tenants: [],
    migrations: { ...migrations, ...long },
  });
  const { tenants: _, ...fleet } = context.config.fleet;
  const own: Context = { ...context, config: { ...context.config, fleet } };
  const add = (id: string) => addTenant(own, { tenant: id });
  const how = (tenant: string) =>
    database.query(
      `SELECT bool_or(applied_by ~ 'baseline') AS baseline, count(*)::int AS applied,
         bool_or(tag = '0002_contract') AS contract FROM app_${tenant}.__fleet_ledger`,
    );
  await add("one");
  expect(await how("one")).toEqual([{ baseline: false, applied: 24, contract: true }]);
  await add("two");
  expect(await how("two")).toEqual([{ baseline: true, applied: 24, contract: true }]);
  // As if the release with the contract had only begun: nobody has it.
  for (const tenant of ["one", "two"])
    await database.query(
      `ALTER TABLE app_${tenant}.users ADD COLUMN nick text; DELETE FROM app_${tenant}.__fleet_ledger WHERE tag = '0002_contract'`,
    );
  await add("three");
  expect(await how("three")).toEqual([{ baseline: false, applied: 23, contract: false }]);
  await add("four");
  expect(await how("four")).toEqual([{ baseline: true, applied: 23, contract: false }]);
});

test("a contract that fails is found by --failed, with the same option", async () => {
  const { database, context } = await createContractFleet({
    pending: {
      ...migrations,
      "0002_contract": `${contract("0s").split("\n")[0]}\nALTER TABLE users ALTER COLUMN nick SET NOT NULL;`,
    },
  });
  await migrateAll(context);
  await database.query("INSERT INTO app_b.users (nick) VALUES (NULL)");
  const failed = await migrateAll(context, { contract: "ripe" });
  expect(byTenant(failed)).toMatchObject({ a: "succeeded 0002_contract", b: "failed" });
  expect(failed.again).toMatch(/^npx drizzle-fleet migrate --contract --failed\b/);
  // Without the option, nothing is left to do.
  expect((await migrateAll(context, { failed: true })).outcomes).toEqual([]);
  await database.query("DELETE FROM app_b.users");
  expect(byTenant(await migrateAll(context, { contract: "ripe", failed: true }))).toEqual({
    b: "succeeded 0002_contract",
  });
});

test("downgrade names its floor, and goes below it only with consent", async () => {
  const { database, project, context } = await createContractFleet({ tenants: ["a"] });
  await migrateAll(context);
  await migrateAll(context, { contract: "all" });
  const plan = await runCli(project, ["downgrade", "-1", "--dry-run"]);
  expect(plan.stdout).toContain(
    "Floor: the contract app 0002_contract stays applied in 1 target. Code of releases before it does",
  );
  const below = await runCli(project, ["downgrade", "0000_users"]);
  expect(below.code).toBe(2);
  expect(below.stderr.replace(/\s+/g, " ")).toContain(
    "0002_contract is a contract, and the floor of a downgrade that loses nothing: code of releases before 0001_expand runs only below it.",
  );
  await database.query("DELETE FROM app_a.users");
  const back = await downgradeAll(context, { tag: "0000_users" }, { allowDataLoss: true });
  expect(byTenant(back)).toEqual({ a: "succeeded 0003_later,0002_contract,0001_expand" });
  expect(await columnsOf(database, "a")).toBe("id,nick");
  expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_expand,0003_later" });
});

test("a migration that requires a contract waits for it", async () => {
  const { database, project, context } = await createContractFleet({
    tenants: ["a"],
    pending: {
      ...migrations,
      "0004_again":
        "-- drizzle-fleet: requires 0002_contract\nALTER TABLE users ADD COLUMN nick integer;",
    },
  });
  // The release before it has been rolled out.
  await migrateAll(context, { to: "0003_later" });
  const blocked = await runCli(project, ["migrate"]);
  expect(blocked.code).toBe(5);
  expect(blocked.stdout.replace(/\s+/g, " ")).toContain(
    "0004_again requires the contract 0002_contract, which is held back",
  );
  await wait(database, "a");
  expect(byTenant(await migrateAll(context, { contract: "ripe" }))).toEqual({
    a: "succeeded 0002_contract,0004_again",
  });
});

test("check finds what does not bear a contract that is held back, with file and line", async () => {
  const { project } = await createContractFleet({ tenants: ["a"], files: {} });
  const again = "\nALTER TABLE users ADD COLUMN nick integer;";
  const findings = async (text: string) => {
    await writeFiles(project, history("drizzle/app", { ...migrations, "0004_again": text }));
    const { stdout } = await runCli(project, ["check", "--database"]);
    return stdout.replace(/\s+/g, " ");
  };
  expect(await findings(again)).toMatch(
    /0004_again\.sql:2: .*0004_again fails while 0002_contract is held back: column "nick" of relation "users" already exists .*-- drizzle-fleet: requires 0002_contract/,
  );
  expect(await findings(`-- drizzle-fleet: requires 0002_contract${again}`)).not.toContain(
    "held back",
  );
  expect(await findings("ALTER TABLE users RENAME TO people;")).toMatch(
    /0002_contract\.sql:2: .*the contract 0002_contract fails after the migrations that follow it/,
  );
  expect(
    await findings(
      "-- drizzle-fleet: contract after 0003_later 1d\nALTER TABLE users ADD COLUMN x integer;",
    ),
  ).toMatch(/0004_again\.sql:2: .*the contract 0004_again also adds something: column users\.x/);
});

test("a wrong mark stops every verb before anything is changed", async () => {
  const { project, context } = await createContractFleet({ tenants: ["a"], files: {} });
  await writeFiles(
    project,
    history("drizzle/app", { ...migrations, "0002_contract": contract("soon") }),
  );
  await expect(migrateAll(context)).rejects.toMatchObject({
    code: "journal",
    where: expect.stringMatching(/0002_contract\.sql:1$/),
    message: 'the contract 0002_contract is held for "soon", which is not a duration',
  });
  const { code, stdout } = await runCli(project, ["check"]);
  expect(code).toBe(3);
  expect(stdout).toContain("0002_contract.sql:1");
});

test("a script for psql leaves contracts out, and stamp records none that is not asked for", async () => {
  const { database, project } = await createContractFleet({ tenants: ["a"] });
  const run = (command: string) => runCli(project, command.split(" "));
  const script = await run("migrate --sql");
  expect(script.stdout).toContain("ADD COLUMN age");
  expect(script.stdout).not.toContain("DROP COLUMN nick");
  expect((await run("migrate --sql --contract-all")).stdout).toContain("DROP COLUMN nick");
  const both = await run("migrate --sql --contract --from 0001_expand");
  expect(both).toMatchObject({ code: 2 });
  expect(both.stderr).toContain("--contract cannot be combined with --from");
  const tags = async () =>
    (await database.query<{ tag: string }>("SELECT tag FROM app_a.__fleet_ledger ORDER BY 1")).map(
      ({ tag }) => tag,
    );
  expect(await run("stamp head --yes")).toMatchObject({ code: 0 });
  expect(await tags()).toEqual(["0000_users", "0001_expand", "0003_later"]);
  expect((await run("status --exit-code")).code).toBe(0);
  expect(await run("stamp head --contract --yes")).toMatchObject({ code: 0 });
  expect(await tags()).toHaveLength(4);
});
