import { cp, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { run } from "../support/cli.ts";
import { createFolder } from "../support/fleet.ts";
import { runningProcesses } from "../support/processes.ts";
import { repository } from "../support/repository.ts";

/** The commands in the README's shell blocks, without those that install packages into the reader's project. */
async function commands(): Promise<string[]> {
  const text = await readFile(join(repository, "README.md"), "utf8");
  const blocks = [...text.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = ""]) =>
    block.trim().split("\n"),
  );
  return blocks.filter((line) => !line.startsWith("npm install"));
}

describe("README", () => {
  // .ci/run runs npm ci on a fresh clone, and npm test runs this file.
  test("has two commands that work as written and leave no process running", async () => {
    expect(await commands()).toEqual(["npm ci && npm run migrate:all", "npm ci && npm test"]);
    const folder = await createFolder();
    for (const name of ["package.json", "drizzle.config.ts", "schema", "drizzle", "dist"]) {
      await cp(join(repository, name), join(folder, name), { recursive: true });
    }
    await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
    const first = await run(folder, "npm", ["run", "migrate:all"]);
    expect(first).toMatchObject({ code: 0 });
    expect(first.stdout).toContain("Done: 85 migrations applied, 7 targets at head.");
    const scripts = [
      "migrate",
      "migrate:auth",
      "migrate:workflow",
      "migrate:ingestion",
      "migrate:status",
    ];
    for (const script of scripts) {
      const { code, stdout } = await run(folder, "npm", ["run", script]);
      expect([script, code]).toEqual([script, 0]);
      expect(stdout).toMatch(/targets? (are )?at head\./);
    }
    const tenant = await run(folder, "npm", ["run", "migrate", "--", "--tenant", "toshiba"]);
    expect(tenant.stdout).toContain("Nothing to do: 2 targets at head.");
    const config = join(folder, "drizzle.config.ts");
    const text = await readFile(config, "utf8");
    await writeFile(config, text.replace('"iopex"]', '"iopex", "newtenant"]'));
    const added = await run(folder, "npm", ["run", "migrate"]);
    expect(added.stdout).toContain("Done: 25 migrations applied, 9 targets at head.");
    const generated = await run(folder, "npm", [
      "run",
      "generate",
      "--",
      "auth",
      "--name",
      "add_user_avatar",
    ]);
    expect(generated).toMatchObject({ code: 0 });
    expect((await run(folder, "npm", ["run", "check"])).code).toBe(0);
    expect((await run(folder, "npm", ["run", "dev:death"])).code).toBe(0);
    const left = await runningProcesses();
    expect(left.length).toBeGreaterThan(1);
    expect(left.filter(({ commandLine }) => commandLine.includes(folder))).toEqual([]);
  });
});
