import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { ended, runCli, startCli } from "../support/cli.ts";
import { createRandom } from "../support/random.ts";
import {
  createTenantsProject,
  expectWorking,
  killIn,
  type Project,
  statusOf,
  traces,
  unlocked,
} from "../support/tenants-project.ts";

const cliOf =
  ({ folder, environment }: Project) =>
  (...args: string[]) =>
    runCli(folder, args, environment);

async function createAcme() {
  const project = await createTenantsProject();
  const cli = cliOf(project);
  expect((await cli("tenants", "add", "acme")).code).toBe(0);
  return { project, cli };
}

describe("a killed command", () => {
  test("can be started again or removed: a clone or an import", async () => {
    const { project, cli } = await createAcme();
    const seed = Date.now() % 1e9;
    console.log(`tenant-copies: seed ${seed}`);
    const random = createRandom(seed);
    const file = join(project.folder, "acme.gz");
    expect((await cli("tenants", "export", "acme", file)).code).toBe(0);
    const commands = (tenant: string) => [
      ["tenants", "clone", "acme", tenant, "--json"],
      ["tenants", "import", file, "--as", tenant, "--json"],
    ];
    const seen: (string | undefined)[] = [];
    for (const step of ["register", "copy", "grant", "activate"])
      for (const [index, again] of [true, false].entries()) {
        const tenant = `${step}${index}`;
        const command = commands(tenant)[random.below(2)] ?? [];
        const child = startCli(project.folder, command, project.environment);
        await killIn(child, step, random.below(60));
        await unlocked(project, tenant);
        const status = await statusOf(project, tenant);
        seen.push(status);
        if (status !== "active" && status !== undefined) {
          const added = await cli("tenants", "add", tenant);
          expect([added.code, added.stderr], command.join(" ")).toMatchObject([
            2,
            expect.stringContaining("is still being copied"),
          ]);
        }
        if (again && status !== "active") {
          const finished = await cli(...command);
          expect(finished.code, finished.stderr).toBe(0);
        }
        if (again || status === "active") await expectWorking(project, tenant, "acme");
        else {
          const removed = await cli("tenants", "remove", tenant, "--yes");
          expect(removed.code, removed.stderr).toBe(status === undefined ? 2 : 0);
          expect(await traces(project, tenant)).toEqual([]);
        }
      }
    expect(seen).toContain("copying");
    await expectWorking(project, "acme");
  });

  test("leaves the tenant as it was: a removal with a dump, also during its rehearsal", async () => {
    const { project, cli } = await createAcme();
    const { database, folder, environment } = project;
    await database.query(
      `CREATE FUNCTION app_acme.slow(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM pg_catalog.pg_sleep(0.4); RETURN true; END $$;
       ALTER TABLE app_acme.settings ADD CONSTRAINT slow CHECK (app_acme.slow(value))`,
    );
    const file = join(folder, "acme.gz");
    const command = ["tenants", "remove", "acme", "--yes", "--dump", file];
    for (let round = 0; round < 2; round += 1) {
      const child = startCli(folder, command, environment);
      const over = ended(child);
      await vi.waitFor(
        async () =>
          expect(
            await database.query(
              `SELECT FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()
                 AND query LIKE '%ADD CONSTRAINT "slow"%'`,
            ),
          ).toHaveLength(1),
        { timeout: 30_000, interval: 10 },
      );
      child.kill("SIGKILL");
      await over;
      await unlocked(project, "acme");
      expect(
        await database.query(
          "SELECT nspname FROM pg_namespace WHERE nspname ~ '^(app|crm|fleet)_'",
        ),
      ).toEqual([{ nspname: "app_acme" }, { nspname: "crm_acme" }]);
      await expectWorking(project, "acme");
    }
    const again = await cli(...command);
    expect(again.stderr).toBe("");
    expect(await traces(project, "acme")).toEqual([]);
    expect((await cli("tenants", "import", file)).code).toBe(0);
    await expectWorking(project, "acme");
  });

  test("has not begun, or completes when run again: a rename", async () => {
    const { project, cli } = await createAcme();
    const random = createRandom(Date.now() % 1e9);
    let [name, next] = ["acme", "beta"];
    for (let round = 0; round < 10; round += 1) {
      const child = startCli(
        project.folder,
        ["tenants", "rename", name, next],
        project.environment,
      );
      const over = ended(child);
      await sleep(250 + random.below(350));
      child.kill("SIGKILL");
      await over;
      await unlocked(project, name);
      const again = await cli("tenants", "rename", name, next);
      // The first command may have finished before it was killed.
      if (again.code !== 0) expect(again.stderr).toContain(`tenant ${next} already exists`);
      await expectWorking(project, next, "acme");
      expect(await traces(project, name)).toEqual([]);
      [name, next] = [next, name];
    }
  });

  test("is undone and exits with 130 if only interrupted: a clone", async () => {
    const { project } = await createAcme();
    const { database } = project;
    const blocker = await database.connect();
    await blocker.query("BEGIN; LOCK TABLE crm_acme.leads");
    const child = startCli(
      project.folder,
      ["tenants", "clone", "acme", "copy"],
      project.environment,
    );
    const over = ended(child);
    await waiting(project);
    child.kill("SIGINT");
    await sleep(200);
    child.kill("SIGINT");
    const { code, stderr } = await over;
    expect(code, stderr).toBe(130);
    expect(await traces(project, "copy")).toEqual([]);
    await blocker.query("ROLLBACK");
  });
});

describe("while a lock is held", () => {
  /** Runs a command, and signals it when it waits for a lock on the second service. */
  async function signalled(signal: NodeJS.Signals, times: number, ...args: string[]) {
    const { project } = await createAcme();
    const blocker = await project.database.connect();
    await blocker.query("BEGIN; LOCK TABLE crm_acme.leads");
    const child = startCli(project.folder, args, project.environment);
    const over = ended(child);
    await waiting(project);
    for (let index = 0; index < times; index += 1) {
      child.kill(signal);
      await sleep(200);
    }
    const result = await over;
    await blocker.query("ROLLBACK");
    await unlocked(project, "acme");
    return { project, result };
  }

  test("a removal with a dump that is killed while it waits leaves the tenant as it was", async () => {
    const args = ["tenants", "remove", "acme", "--yes", "--dump", "x.ndjson"];
    const { project } = await signalled("SIGKILL", 1, ...args);
    expect(await statusOf(project, "acme")).toBe("active");
    await expectWorking(project, "acme");
  });

  test("a killed removal is completed by the next one, and its tenant takes no part meanwhile", async () => {
    const { project } = await signalled("SIGKILL", 1, "tenants", "remove", "acme", "--yes");
    const cli = cliOf(project);
    expect(await statusOf(project, "acme")).toBe("removing");
    expect(await traces(project, "acme")).toEqual([{ name: "crm_acme" }, { name: "acme" }]);
    const added = await cli("tenants", "add", "acme");
    expect([added.code, added.stderr]).toEqual([2, expect.stringContaining("being removed")]);
    expect((await cli("tenants", "remove", "acme", "--yes")).code).toBe(0);
    expect(await traces(project, "acme")).toEqual([]);
  });

  test("an interrupted export exits with 130 and leaves no file", async () => {
    const { project, result } = await signalled("SIGINT", 2, "tenants", "export", "acme", "x.gz");
    expect(result.code, result.stderr).toBe(130);
    expect((await readdir(project.folder)).filter((name) => name.startsWith("x."))).toEqual([]);
  });

  test("an interrupted rename exits with 130 and is reverted", async () => {
    const { project, result } = await signalled("SIGINT", 2, "tenants", "rename", "acme", "beta");
    expect(result.code, result.stderr).toBe(130);
    await expectWorking(project, "acme");
  });
});

describe("output of clone, rename, export, import and remove", () => {
  test("is text for people and JSON for programs", async () => {
    const { project, cli } = await createAcme();
    const file = join(project.folder, "acme.gz");
    expect((await cli("tenants", "clone", "acme", "copy")).stdout).toBe(
      "Tenant copy is active, with the data of acme.\n",
    );
    const clone = await cli("tenants", "clone", "acme", "empty", "--schema-only", "--json");
    expect(
      clone.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line))
        .at(-1),
    ).toEqual({
      ...{ type: "tenantCloned", tenant: "acme", to: "empty", withData: false },
    });
    const both = await cli("tenants", "clone", "acme", "x", "--schema-only", "--with-data");
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining("cannot be used with")]);
    expect((await cli("tenants", "rename", "copy", "other")).stdout).toBe(
      "Tenant copy is now other.\n",
    );
    expect((await cli("tenants", "export", "acme", file)).stdout).toBe(
      `Exported tenant acme to ${file}.\n`,
    );
    const twice = await cli("tenants", "export", "acme", file);
    expect(twice.code).toBe(2);
    expect(twice.stderr).toContain("the file already exists");
    const imported = await cli("tenants", "import", file, "--as", "third", "--attribute", "a=b");
    expect(imported.stdout).toContain("Tenant third is active");
    expect(imported.stdout).toContain("drizzle-fleet status --tenant third");
    const dump = join(project.folder, "third.ndjson");
    const removed = await cli("tenants", "remove", "third", "--yes", "--dump", dump);
    expect([removed.code, removed.stdout]).toEqual([
      0,
      `Tenant third is deleted; its data is in ${dump}.\n`,
    ]);
    const list = JSON.parse((await cli("tenants", "list", "--json")).stdout);
    expect(list.tenants.map(({ id }: { id: string }) => id)).toEqual(["acme", "empty", "other"]);
    expect(await cli("tenants", "import", dump)).toMatchObject({ code: 0 });
    await expectWorking(project, "third", "acme");
  });
});

/** Waits until a command waits for a lock. */
async function waiting({ database }: Project): Promise<void> {
  for (let round = 0; round < 200; round += 1) {
    const rows = await database.query(
      "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
    );
    if (rows.length > 0) return;
    await sleep(25);
  }
  throw new Error("nobody waits for a lock");
}
