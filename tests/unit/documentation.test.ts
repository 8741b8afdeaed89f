import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";
import { anchorOf } from "../../docs/.vitepress/anchors.ts";
import { pagesOfRepository } from "../support/markdown.ts";

const repository = resolve(import.meta.dirname, "../..");

const pages = () => pagesOfRepository().map((name) => join(repository, name));

/** The text of a page without its code blocks, where brackets are not links. */
async function prose(page: string): Promise<string> {
  const text = await readFile(page, "utf8");
  return text.replace(/^ *```.*?^ *```$/gms, "");
}

/** The anchors of a page's headings: what GitHub gives them, and docs/.vitepress, too. */
async function anchors(page: string): Promise<string[]> {
  const seen = new Map<string, number>();
  return [...(await prose(page)).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) => {
    const anchor = anchorOf(title);
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

async function brokenLinks(page: string): Promise<string[]> {
  const broken: string[] = [];
  for (const [, link = ""] of (await prose(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^https?:/.test(link)) continue;
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? page : resolve(dirname(page), path);
    const exists = existsSync(target);
    if (!exists || (anchor !== undefined && !(await anchors(target)).includes(anchor)))
      broken.push(`${relative(repository, page)}: ${link}`);
  }
  return broken;
}

test("every link between the pages leads to an existing file and heading", async () => {
  const broken = await Promise.all(pages().map(brokenLinks));
  expect(broken.flat()).toEqual([]);
});

test("every page that the code names exists, with its heading", async () => {
  const sources = await readdir(join(repository, "src"), { recursive: true });
  const missing: string[] = [];
  for (const name of sources.filter((file) => file.endsWith(".ts"))) {
    const text = await readFile(join(repository, "src", name), "utf8");
    for (const [link, page = "", anchor] of text.matchAll(/(docs\/\w[\w-]*\.md)(?:#([\w-]+))?/g)) {
      const path = join(repository, page);
      const found =
        existsSync(path) && (anchor === undefined || (await anchors(path)).includes(anchor));
      if (!found) missing.push(`src/${name}: ${link}`);
    }
  }
  expect(missing).toEqual([]);
});

/** Options of other programs: npm, the AWS command line, Docker, the benchmark, Helm, kubectl. */
const foreign = new Set([
  "--autogenerate",
  "--build-arg",
  "--cap-drop",
  "--env",
  "--file",
  "--filename",
  "--follow",
  "--from",
  "--hostname",
  "--install",
  "--local",
  "--mark-applied",
  "--no-hooks",
  "--no-install",
  "--omit",
  "--others",
  "--output",
  "--patch",
  "--platform",
  "--port",
  "--quick",
  "--read-only",
  "--render-subchart-notes",
  "--rm",
  "--rollback-on-failure",
  "--save-dev",
  "--security-opt",
  "--selector",
  "--set",
  "--tag",
  "--time",
  "--type",
  "--username",
  "--volume",
  "--wait",
  "--wait-for-jobs",
]);

test("every option that the pages name exists on the command line", async () => {
  const names = await readdir(join(repository, "src/cli"), { recursive: true });
  const sources = await Promise.all(
    names
      .filter((name) => name.endsWith(".ts"))
      .map((name) => readFile(join(repository, "src/cli", name), "utf8")),
  );
  const known = new Set([...sources.join("\n").matchAll(/--[a-z][a-z-]+/g)].map(([flag]) => flag));
  const unknown: string[] = [];
  for (const page of pages()) {
    if (page.endsWith("CONTRIBUTING.md") || page.endsWith("ARCHITECTURE.md")) continue;
    // command-blocks.test.ts reads the blocks of commands.
    const text = await prose(page);
    for (const [flag] of text.matchAll(/(?<![\w-])--[a-z][a-z-]+/g))
      if (!known.has(flag) && !foreign.has(flag))
        unknown.push(`${relative(repository, page)}: ${flag}`);
  }
  expect(unknown).toEqual([]);
});

/** Parts of messages that the pages quote, without what differs from run to run. */
const quoted = {
  "docs/migrations.md": ["Proved: ", "up, down and up again"],
  "docs/offline-sql.md": ["the ledger has changed since the plan was made"],
  "docs/rollouts.md": [
    "To migrate all of them, run: ",
    "a lock that the migration needs",
    "waiting for a connection",
    "which this rollout is migrating",
    "is under way in database",
    "If its process no longer exists, end its connection with SELECT pg_terminate_backend(",
  ],
};

test("every message that the pages quote is in the code", async () => {
  const names = await readdir(join(repository, "src"), { recursive: true });
  const sources = await Promise.all(
    names
      .filter((name) => name.endsWith(".ts"))
      .map((name) => readFile(join(repository, "src", name), "utf8")),
  );
  const code = sources.join("\n");
  for (const [page, parts] of Object.entries(quoted)) {
    const text = await readFile(join(repository, page), "utf8");
    for (const part of parts) {
      expect(text.includes(part), `${page} quotes "${part}"`).toBe(true);
      expect(code.includes(part), `the code prints "${part}", as ${page} says`).toBe(true);
    }
  }
});

test("the architecture names every room, and only files that exist", async () => {
  const page = await readFile(join(repository, "docs/ARCHITECTURE.md"), "utf8");
  const folders = await readdir(join(repository, "src"), { withFileTypes: true });
  const rooms = folders.filter((one) => one.isDirectory()).map(({ name }) => name);
  expect(rooms.length).toBeGreaterThan(15);
  expect(rooms.filter((room) => !page.includes(`| \`${room}/\` |`))).toEqual([]);
  const files = [
    ...(await readdir(join(repository, "src"), { recursive: true })).map((name) => `src/${name}`),
    ...(await readdir(join(repository, "scripts"))).map((name) => `scripts/${name}`),
  ];
  const named = [...page.matchAll(/`([\w/-]+\.(?:ts|mjs))`/g)].map(([, name = ""]) => name);
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter((name) => !files.some((file) => `/${file}`.endsWith(`/${name}`)))).toEqual(
    [],
  );
});

test("the glossary stays short", async () => {
  const page = await readFile(join(repository, "docs/ARCHITECTURE.md"), "utf8");
  const [, words = ""] = /## Words\n(.*?)\n## /s.exec(page) ?? [];
  const rows = words
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .slice(1);
  expect(rows.length).toBeGreaterThan(20);
  expect(rows.length).toBeLessThanOrEqual(40);
});
