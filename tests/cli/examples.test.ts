import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createProject, runCli } from "../support/cli.ts";
import { createDatabase } from "../support/database.ts";
import { configFile, history } from "../support/fleet.ts";
import { repository } from "../support/repository.ts";

const tags = ["0000_users", "0001_roles", "0002_notes", "0003_add_avatar", "0004_orders"];

async function createExampleProject(): Promise<string> {
  const { url } = await createDatabase();
  const table = (tag: string) => tag.slice(5);
  return createProject({
    "drizzle.config.ts": configFile({
      databases: { main: { url } },
      services: {
        auth: {
          ...{ schema: "./schema.ts", out: "./drizzle", database: "main" },
          tenantSchema: "auth_{tenant}",
        },
      },
      tenants: [{ id: "acme", attributes: { staff: true } }, "globex"],
      groups: { internal: { staff: true } },
    }),
    ...history(
      "drizzle",
      Object.fromEntries(tags.map((tag) => [tag, `CREATE TABLE "${table(tag)}" ();`])),
    ),
    ...Object.fromEntries(
      tags.map((tag) => [`drizzle/${tag}.down.sql`, `DROP TABLE "${table(tag)}";`]),
    ),
  });
}

/** The examples in the help of a command, as words. */
async function examplesOf(verb: string): Promise<string[][]> {
  const help = await readFile(
    join(repository, `tests/unit/help/drizzle-fleet-${verb}.txt`),
    "utf8",
  );
  const [, section = ""] = /^Examples:\n((?: .*\n)+)/m.exec(help) ?? [];
  const lines = section.replace(/ \\\n\s+/g, " ").matchAll(/^ {2}npx drizzle-fleet (.*)$/gm);
  return [...lines].map(([, words = ""]) => words.replace(/ > .*/, "").split(" "));
}

test("the examples in the help of a rollout work, in their order", async () => {
  const project = await createExampleProject();
  let runs = 0;
  for (const verb of [
    "plan",
    "migrate",
    "status",
    "history",
    "heads",
    "downgrade",
    "stamp",
    "repair",
  ])
    for (const words of await examplesOf(verb)) {
      // This project has no branches to merge, and drizzle-orm has applied nothing.
      if (words[0] === "merge" || words.includes("--from-drizzle")) continue;
      const asks = ["stamp", "repair"].includes(verb) && !/--dry-run|--yes/.test(words.join(" "));
      const { code, stderr } = await runCli(project, asks ? [...words, "--yes"] : words);
      expect(code, `${words.join(" ")}: ${stderr}`).toBe(0);
      runs += 1;
    }
  expect(runs).toBeGreaterThan(20);
});
