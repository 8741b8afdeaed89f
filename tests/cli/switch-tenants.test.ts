import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createProject, runCli } from "../support/cli.ts";
import { createDatabase } from "../support/database.ts";
import { history, writeFiles } from "../support/fleet.ts";

const config = (tenants: string) => `import { defineFleet, env } from "drizzle-fleet/config";

export default defineFleet({
  databases: { main: { url: env("DATABASE_URL") } },
  services: {
    app: { schema: "./s.ts", out: "./drizzle", database: "main", tenantSchema: "app_{tenant}" },
  },
${tenants}});
`;

test("tenants switch names the line to remove, and prints the lines to add to the configuration", async () => {
  const { url } = await createDatabase();
  const listed = `  tenants: ["a", { id: "b", attributes: { plan: "gold", "seats-max": 5 } }],\n`;
  const project = await createProject({
    "drizzle.config.ts": config(listed),
    ...history("drizzle", { "0000_a": `CREATE TABLE "a" ();` }),
  });
  const fleet = (...args: string[]) => runCli(project, args, { DATABASE_URL: url });
  expect((await fleet("migrate")).code).toBe(0);
  const dry = await fleet("tenants", "switch", "registry", "--dry-run");
  expect(dry).toMatchObject({ code: 0 });
  expect(dry.stdout).toContain("Dry run: nothing was changed. The result would be:");
  expect(dry.stdout).toContain(
    "2 tenants from the configuration: 2 added, 0 updated, 0 unchanged.",
  );
  const entered = await fleet("tenants", "switch", "registry");
  expect(entered.stdout).toContain("remove tenants from drizzle.config.ts, line 8\n");
  await writeFiles(project, { "drizzle.config.ts": config("") });
  const rows = await fleet("tenants", "list");
  expect(rows.stdout).toContain("2 tenants: 2 active.");
  expect(rows.stdout).toContain("plan=gold seats-max=5");

  const back = await fleet("tenants", "switch", "list");
  const [lines = ""] = /^ {2}tenants: \[\n(?:.*\n)*? {2}\],\n/m.exec(back.stdout) ?? [];
  await writeFiles(project, { "drizzle.config.ts": config(lines) });
  const list = await fleet("tenants", "list");
  expect(list).toEqual(rows);
  expect(await readFile(join(project, "drizzle.config.ts"), "utf8")).toContain('    "a",\n');
  const refused = await fleet("tenants", "add", "c");
  expect(refused).toMatchObject({ code: 2 });
  expect(refused.stderr).toContain("drizzle-fleet tenants switch registry");
  const misused = await fleet("tenants", "switch", "list", "--forget", "a");
  expect(misused).toMatchObject({ code: 2 });
});
