import { describe, expect, test } from "vitest";
import { onboardingSteps } from "../../src/core/onboarding.ts";
import { ended, runCli, startCli } from "../support/cli.ts";
import { createRandom } from "../support/random.ts";
import {
  connectAs,
  createTenantsProject,
  expectWorking,
  inStep,
  killIn,
  type Project,
  statusOf,
  traces,
  unlocked,
} from "../support/tenants-project.ts";

const add = (project: Project, tenant: string, ...args: string[]) =>
  runCli(project.folder, ["tenants", "add", tenant, ...args], project.environment);

describe("a failed onboarding", () => {
  test("leaves nothing, whichever step fails, and succeeds after the cause is fixed", async () => {
    const project = await createTenantsProject();
    const { database, folder, environment } = project;
    expect((await add(project, "first")).code).toBe(0);
    await expectWorking(project, "first");

    // register: an unrelated schema has the name that is needed, and is left alone.
    await database.query("CREATE SCHEMA app_foreign CREATE TABLE kept (id int)");
    const foreign = await add(project, "foreign");
    expect(foreign.code).toBe(2);
    expect(foreign.stderr).toContain("app_foreign already exist");
    expect(await traces(project, "foreign")).toEqual([{ name: "app_foreign" }]);

    const failures: Record<string, { break: string; fix: string; says: string }> = {
      schemas: {
        break: `CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$
          BEGIN IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'crm_acme') THEN
            RAISE EXCEPTION 'no such schema today'; END IF; END $$;
          CREATE EVENT TRIGGER refuse ON ddl_command_end WHEN TAG IN ('CREATE SCHEMA') EXECUTE FUNCTION refuse()`,
        fix: "DROP EVENT TRIGGER refuse; DROP FUNCTION refuse",
        says: "no such schema today",
      },
      migrate: {
        break: `CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$
          BEGIN IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'crm_acme.leads') THEN
            RAISE EXCEPTION 'no leads today'; END IF; END $$;
          CREATE EVENT TRIGGER refuse ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION refuse()`,
        fix: "DROP EVENT TRIGGER refuse; DROP FUNCTION refuse",
        says: "no leads today",
      },
      activate: {
        break: `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN RAISE EXCEPTION 'nobody becomes active'; END $$;
          CREATE TRIGGER refuse BEFORE UPDATE ON drizzle_fleet.tenants FOR EACH ROW
          WHEN (new.status = 'active') EXECUTE FUNCTION refuse()`,
        fix: "DROP TRIGGER refuse ON drizzle_fleet.tenants; DROP FUNCTION refuse",
        says: "nobody becomes active",
      },
    };
    for (const [step, failure] of Object.entries(failures)) {
      await database.query(failure.break);
      const failed = await add(project, "acme");
      await database.query(failure.fix);
      expect(failed.stderr, step).toContain(failure.says);
      expect(failed.stderr, step).toContain(`failed: ${step}`);
      expect(failed.code, step).toBe(1);
      expect(await traces(project, "acme"), step).toEqual([]);
    }

    const noRole = await runCli(folder, ["tenants", "add", "acme"], {
      ...environment,
      DB_USER_SERVER: "nobody_at_all",
    });
    expect(noRole.stderr).toContain("role nobody_at_all does not exist");
    expect(noRole.code).toBe(2);
    expect(await traces(project, "acme")).toEqual([]);

    const noSeed = await add(project, "acme", "--attribute", "fail=seed");
    expect(noSeed.stderr).toContain("the seed has failed");
    expect(await traces(project, "acme")).toEqual([]);

    const noAdmin = await add(project, "acme", "--admin-email", "fail@example.com");
    expect(noAdmin.stderr).toContain("the admin has failed");
    expect(await traces(project, "acme")).toEqual([]);

    const added = await add(project, "acme", "--admin-email", "a@example.com");
    expect(added.code, added.stderr).toBe(0);
    expect(added.stdout).toMatch(/Invitation for a@example.com, shown only once: [\w-]{43}\n/);
    await expectWorking(project, "acme");
  });

  test("killed in any step, is completed by add or undone by remove", async () => {
    const project = await createTenantsProject();
    expect((await add(project, "warm")).code).toBe(0);
    const seed = Date.now() % 1e9;
    console.log(`tenants: seed ${seed}`);
    const random = createRandom(seed);
    const seen: string[] = [];
    for (const step of onboardingSteps) {
      for (const then of ["add", "remove"] as const) {
        const tenant = `${step}_${then}`;
        const child = startCli(
          project.folder,
          ["tenants", "add", tenant, "--json", "--admin-email", "a@example.com"],
          project.environment,
        );
        await killIn(child, step, random.below(25));
        const status = await statusOf(project, tenant);
        seen.push(status ?? "nothing");
        if (status !== "active") expect(["provisioning", undefined]).toContain(status);
        await unlocked(project, tenant);
        if (then === "add") {
          const again = await add(project, tenant);
          if (status === "active") expect(again.stderr).toContain("already exists");
          else expect(again.code, again.stderr).toBe(0);
          await expectWorking(project, tenant);
        } else {
          const removed = await runCli(
            project.folder,
            ["tenants", "remove", tenant, "--yes"],
            project.environment,
          );
          expect(removed.code, removed.stderr).toBe(status === undefined ? 2 : 0);
          expect(await traces(project, tenant)).toEqual([]);
        }
      }
    }
    expect(seen).toContain("provisioning");
  });

  test("is undone and exits with 130 after an interruption", async () => {
    const project = await createTenantsProject();
    expect((await add(project, "first")).code).toBe(0);
    const child = startCli(
      project.folder,
      ["tenants", "add", "acme", "--json", "--admin-email", "a@example.com"],
      project.environment,
    );
    const over = ended(child);
    await inStep(child, "seed");
    child.kill("SIGINT");
    const { code, stderr } = await over;
    // Either it was almost complete when the signal came, or all of it is undone.
    if (code === 0) await expectWorking(project, "acme");
    else {
      expect(code, stderr).toBe(130);
      expect(await traces(project, "acme")).toEqual([]);
    }
  });

  test("is refused while another one for the same tenant is running", async () => {
    const project = await createTenantsProject();
    for (const tenant of ["one", "two", "three"]) {
      const results = await Promise.all([add(project, tenant), add(project, tenant)]);
      const [loser] = results.filter(({ code }) => code !== 0);
      expect(results.filter(({ code }) => code === 0)).toHaveLength(1);
      expect(loser?.code).toBe(2);
      expect(loser?.stderr).toMatch(/another command is working on tenant|already exists/);
      await expectWorking(project, tenant);
    }
  });
});

describe("a tenant's life", () => {
  test("archive revokes all access, and rollouts skip the tenant; restore migrates it to head and reactivates it", async () => {
    const project = await createTenantsProject();
    const { folder, environment, database } = project;
    const cli = (...args: string[]) => runCli(folder, args, environment);
    await add(project, "acme", "--attribute", "plan=gold");
    await add(project, "beta");
    expect((await cli("tenants", "archive", "acme")).code).toBe(0);
    const application = await connectAs(project);
    await expect(application("SELECT FROM app_acme.users")).rejects.toThrow(
      "permission denied for schema app_acme",
    );
    await database.query("DELETE FROM crm_acme.__fleet_ledger WHERE tag = '0001_rows'");
    await database.query("DELETE FROM crm_acme.leads");
    const migrated = await cli("migrate");
    expect(migrated.code).toBe(0);
    const named = await cli("migrate", "--tenant", "acme");
    expect(named.code).toBe(2);
    expect(named.stderr).toContain("tenant acme is archived");
    expect(named.stderr).toContain("tenants restore acme");
    const list = JSON.parse((await cli("tenants", "list", "--json")).stdout);
    expect(list.counts).toEqual({ active: 1, archived: 1 });
    expect(list.tenants[0].services.crm).toMatchObject({ pending: 1, current: "0000_init" });
    const gold = JSON.parse(
      (await cli("tenants", "list", "--json", "--attribute", "plan=gold", "--status", "archived"))
        .stdout,
    );
    expect(gold.tenants.map(({ id }: { id: string }) => id)).toEqual(["acme"]);
    expect((await cli("tenants", "restore", "acme")).code).toBe(0);
    await expectWorking(project, "acme");
  });

  test("adopt registers schemas that are older than the registry", async () => {
    const project = await createTenantsProject();
    const { folder, environment, database } = project;
    const cli = (...args: string[]) => runCli(folder, args, environment);
    await add(project, "acme");
    await database.query("DELETE FROM drizzle_fleet.tenants");
    const orphans = await cli("tenants");
    expect(orphans.stdout).toContain("app_acme (tenant acme)");
    expect((await cli("tenants", "adopt", "--all")).stdout).toBe("Registered: acme.\n");
    await expectWorking(project, "acme");
    expect((await cli("tenants", "adopt", "nobody")).stderr).toContain("no schema with a ledger");
  });

  test("remove deletes only the tenant's own objects, and nothing that others need", async () => {
    const project = await createTenantsProject();
    const { folder, environment, database } = project;
    const cli = (...args: string[]) => runCli(folder, args, environment);
    await add(project, "acme");
    await add(project, "beta");
    const asked = await cli("tenants", "remove", "acme", "--dump", "acme.ndjson");
    expect(asked.code).toBe(2);
    // A command of its own would leave out the dump.
    expect(asked.stderr).toContain("run the same command with --yes.");
    await database.query("CREATE VIEW public.report AS SELECT * FROM crm_acme.leads");
    const needed = await cli("tenants", "remove", "acme", "--yes");
    expect(needed.code).toBe(2);
    expect(needed.stderr).toContain("objects outside the tenant depend on");
    await expectWorking(project, "acme");
    await database.query("DROP VIEW public.report");
    expect((await cli("tenants", "remove", "acme", "--yes")).code).toBe(0);
    expect(await traces(project, "acme")).toEqual([]);
    await expectWorking(project, "beta");
  });

  test("the application role can use the tenants' tables, including later ones, and nothing else", async () => {
    const project = await createTenantsProject();
    await add(project, "acme");
    const application = await connectAs(project);
    await application("INSERT INTO app_acme.users VALUES ('x')");
    await project.database.query("CREATE TABLE app_acme.later (id serial)");
    await application("INSERT INTO app_acme.later DEFAULT VALUES");
    const refused = [
      "CREATE TABLE app_acme.mine (id int)",
      "CREATE SCHEMA mine",
      "CREATE TABLE public.mine (id int)",
      "SELECT * FROM drizzle_fleet.tenants",
      "DELETE FROM app_acme.__fleet_ledger",
      "UPDATE app_acme.__fleet_ledger SET checksum = ''",
      "DROP TABLE app_acme.users",
      "TRUNCATE app_acme.users",
      "ALTER TABLE app_acme.users ADD COLUMN mine int",
    ];
    for (const sql of refused)
      await expect(application(sql), sql).rejects.toThrow(/permission denied|must be owner/);
  });
});
