// The migrations that a pull request adds: those whose SQL file the commit of the base branch does not have.
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { documentIn } from "./findings.mjs";

/**
 * Lists the migrations that are new since a commit, with their SQL.
 *
 * @param config the --config that the project needs
 * @param base the commit of the base branch; fetched if the checkout does not have it
 * @param warn called with the reason if the migrations cannot be listed
 * @returns undefined if they cannot be listed
 */
export async function pendingMigrations(run, folder, config, base, warn) {
  const { code, stdout } = await run("history", "--offline", "--json", ...config);
  const entries = documentIn(stdout)?.entries;
  if (code !== 0 || !Array.isArray(entries)) {
    warn("The migrations cannot be listed: npx drizzle-fleet history failed.");
    return undefined;
  }
  if (!(await hasCommit(folder, base))) {
    const fetched = await git(folder, ["fetch", "--no-tags", "--depth=1", "origin", base]);
    if (fetched.code !== 0) {
      warn(
        `The migrations of this pull request are unknown, because commit ${base} cannot be fetched: ${fetched.stderr.trim()}\nTo fetch it in the checkout step, set fetch-depth: 0.`,
      );
      return undefined;
    }
  }
  const names = entries.map(({ file }) => `${base}:./${file.replaceAll("\\", "/")}\n`);
  const known = await git(folder, ["cat-file", "--batch-check"], names.join(""));
  const lines = known.stdout.split("\n");
  const added = entries.filter((_, index) => lines[index]?.endsWith(" missing"));
  return Promise.all(
    added.map(async (entry) => ({
      ...entry,
      sql: await readFile(resolve(folder, entry.file), "utf8"),
    })),
  );
}

async function hasCommit(folder, commit) {
  return (await git(folder, ["cat-file", "-e", `${commit}^{commit}`])).code === 0;
}

function git(folder, args, input = "") {
  return new Promise((done, fail) => {
    const child = spawn("git", args, { cwd: folder });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.on("error", fail);
    child.on("close", (code) => done({ code, stdout, stderr }));
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}
