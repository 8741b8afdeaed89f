import { cp, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { run } from "../support/cli.ts";
import { createFolder } from "../support/fleet.ts";
import { createRepository } from "../support/git.ts";
import { repository } from "../support/repository.ts";

const copied = [
  ...["package.json", "package-lock.json", "CHANGELOG.md", "scripts"],
  ...[".changeset/README.md", ".changeset/config.json", "helm/drizzle-fleet/Chart.yaml"],
];

test("npm run version turns changesets into a version, above the others in CHANGELOG.md", async () => {
  const folder = await createFolder();
  for (const name of copied)
    await cp(join(repository, name), join(folder, name), { recursive: true });
  await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
  const { commit } = await createRepository(folder);
  await writeFile(join(folder, ".gitignore"), "node_modules\n");
  await commit("before");
  const contentOf = (name: string) => readFile(join(folder, name), "utf8");
  const before = await contentOf("CHANGELOG.md");
  const { version } = JSON.parse(await contentOf("package.json"));
  const [major, minor] = version.split(".").map(Number);
  const next = `${major}.${minor + 1}.0`;

  const change = (kind: string, text: string) => `---\n"drizzle-fleet": ${kind}\n---\n\n${text}\n`;
  await writeFile(
    join(folder, ".changeset/new.md"),
    change("minor", "`wait` is new.\n\nIt waits."),
  );
  await writeFile(join(folder, ".changeset/fix.md"), change("patch", "A cost of $& is fixed."));
  await commit("changes");
  const { code, stdout, stderr } = await run(folder, "npm", ["run", "version"]);
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: "" });

  expect(JSON.parse(await contentOf("package.json")).version).toBe(next);
  const locked = JSON.parse(await contentOf("package-lock.json"));
  expect([locked.version, locked.packages[""].version]).toEqual([next, next]);
  expect(parse(await contentOf("helm/drizzle-fleet/Chart.yaml"))).toMatchObject({
    version: next,
    appVersion: next,
  });
  expect(await readdir(join(folder, ".changeset"))).toEqual(["README.md", "config.json"]);
  const after = (await contentOf("CHANGELOG.md")).replaceAll(/^- [0-9a-f]{7,}: /gm, "- ");
  const start = before.indexOf("## ");
  expect(after).toBe(`${before.slice(0, start)}## ${next}

### Minor Changes

- \`wait\` is new.

  It waits.

### Patch Changes

- A cost of $& is fixed.

${before.slice(start)}`);
});
