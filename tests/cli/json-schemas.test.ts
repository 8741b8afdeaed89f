import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { history, writeFiles } from "../support/fleet.ts";
import { expectDocument, objectionsTo } from "../support/json-schemas.ts";
import { repository } from "../support/repository.ts";
import { createFleet } from "../support/small-fleet.ts";
import { createTenantsProject } from "../support/tenants-project.ts";

const migrations = {
  "0000_t": "CREATE TABLE t (id int);",
  "0001_u": "CREATE TABLE u (id int);",
};

/** Two tenants at head, and a pending migration that fails for `b`. */
const createFailingFleet = () =>
  createFleet({
    tenants: ["a", "b", "c"],
    migrations,
    pending: {
      ...migrations,
      "0002_v": `ALTER TABLE t ADD v int; DO $$ BEGIN IF current_schema() LIKE '%b' THEN RAISE EXCEPTION 'no'; END IF; END $$;`,
    },
    settings: { retry: { attempts: 2 } },
  });

/** Runs a verb with `--json`, and returns the objects that it writes: one document, or one object per line. */
async function jsonOf(
  project: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<Record<string, unknown>[]> {
  const { stdout, stderr } = await runCli(project, [...args, "--json"], environment);
  expect(stdout, `${args.join(" ")}: ${stderr}`).not.toBe("");
  return stdout.startsWith("{\n")
    ? [JSON.parse(stdout)]
    : stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
}

async function expectDocumentOf(
  project: string,
  name: string,
  args: readonly string[],
  environment: Record<string, string> = {},
) {
  const [document = {}, ...others] = await jsonOf(project, args, environment);
  expect(others).toEqual([]);
  expectDocument(name, document);
  return document;
}

describe("what --json writes matches docs/schemas", () => {
  test("migrate, downgrade and stamp: each event, the summary, and errors", async () => {
    const { project, database } = await createFailingFleet();
    const blocker = await database.connect();
    await blocker.query("BEGIN; LOCK TABLE app_c.t");
    const stopping = ["--lock-timeout", "50ms", "--max-failures", "0", "--concurrency", "1"];
    const locked = await jsonOf(project, ["migrate", "--tenant", "c", ...stopping]);
    await blocker.query("ROLLBACK");
    expect(JSON.stringify(locked)).toContain('"holders":[{');
    const lines = [
      ...locked,
      ...(await jsonOf(project, [
        "migrate",
        ...["--canary", "a", "--soak", "1ms", "--verify", "true", "--accept-failures", "1"],
      ])),
      ...(await jsonOf(project, ["migrate", "--failed"])),
      ...(await jsonOf(project, ["downgrade", "-1", "--tenant", "a"])),
      ...(await jsonOf(project, ["stamp", "0002_v", "--tenant", "a"])),
      ...(await jsonOf(project, ["migrate", "--tenant", "nobody"])),
      ...(await jsonOf(project, ["migrate", "--tenant"])),
    ];
    for (const line of lines) expectDocument("migrate", line);
    expect(new Set(lines.map(({ type }) => type))).toEqual(
      new Set([
        ...["rolloutStarted", "waveStarted", "targetStarted", "stepApplied", "targetEnded"],
        ...["soakStarted", "verifyStarted", "verifyEnded", "waveEnded", "rolloutEnded"],
        ...["targetRetried", "rolloutStopped", "summary", "error"],
      ]),
    );
    for (const error of lines.filter(({ type }) => type === "error"))
      expectDocument("error", error);
  });

  test("plan, status, wait, rollouts, history and heads", async () => {
    const { project } = await createFailingFleet();
    const planned = await expectDocumentOf(project, "plan", ["plan", "--canary", "1"]);
    expect(planned.waves).toHaveLength(2);
    await runCli(project, ["migrate"]);
    await writeFiles(project, history("drizzle/app", { "0000_t": "CREATE TABLE t (id bigint);" }));
    const blocked = await expectDocumentOf(project, "plan", ["plan"]);
    expect(JSON.stringify(blocked)).toContain('"edited"');
    const all = await expectDocumentOf(project, "status", ["status"]);
    expect(all.targets).toHaveLength(3);
    await expectDocumentOf(project, "status", ["status", "--behind"]);
    const waited = await expectDocumentOf(project, "wait", ["wait", "--timeout", "1ms"]);
    expect(waited).toMatchObject({ ready: false, targets: 3 });
    const { rollouts } = await expectDocumentOf(project, "rollouts", ["rollouts"]);
    const ids = (rollouts as { id: string }[]).map(({ id }) => id);
    expect(ids).toHaveLength(2);
    for (const id of ids) {
      const { outcomes } = await expectDocumentOf(project, "rollout", ["rollouts", id]);
      expect(outcomes).toHaveLength(3);
    }
    await expectDocumentOf(project, "history", ["history"]);
    await expectDocumentOf(project, "history", ["history", "--offline"]);
    await expectDocumentOf(project, "heads", ["heads"]);
  });

  test("drift, and its result in status and plan", async () => {
    const { project, database } = await createFleet({
      migrations: { "0000_t": "CREATE TABLE t ();" },
    });
    await runCli(project, ["migrate"]);
    await database.query("CREATE VIEW app_a.extra AS SELECT 1 AS one");
    const { shapes } = await expectDocumentOf(project, "drift", ["drift"]);
    expect(shapes).toHaveLength(1);
    const { targets } = await expectDocumentOf(project, "status", ["status"]);
    expect(targets).toMatchObject([{ drift: { drifted: true } }]);
    const planned = await expectDocumentOf(project, "plan", ["plan", "--require-no-drift"]);
    expect(JSON.stringify(planned)).toContain('"drifted"');
  });

  test("check: findings, accepted faults, and proved services", async () => {
    const { project, database } = await createFleet({ migrations });
    const { findings } = await expectDocumentOf(project, "check", ["check"]);
    expect(findings).not.toEqual([]);
    const accepting = ["check", "--accept", "released before"];
    const { accepted } = await expectDocumentOf(project, "check", accepting);
    expect(accepted).not.toEqual([]);
    const proving = ["check", "--database", database.url];
    const { proved } = await expectDocumentOf(project, "check", proving);
    expect(proved).toMatchObject([{ service: "app", migrations: 2 }]);
  });

  test("tenants list", async () => {
    const { folder, environment } = await createTenantsProject();
    const added = await runCli(
      folder,
      ["tenants", "add", "acme", "--attribute", "plan=gold"],
      environment,
    );
    expect(added.code, added.stderr).toBe(0);
    const list = await expectDocumentOf(folder, "tenants-list", ["tenants", "list"], environment);
    expect(list.tenants).toMatchObject([{ id: "acme", attributes: { plan: "gold" } }]);
  });
});

test("each schema describes every object with its properties, and refuses other types", () => {
  const names = readdirSync(join(repository, "docs/schemas")).map((file) =>
    file.replace(".json", ""),
  );
  expect(names).toContain("migrate");
  for (const name of names) expect(objectionsTo(name, []), name).not.toEqual([]);
});
