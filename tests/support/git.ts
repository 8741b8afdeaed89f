import { expect } from "vitest";
import { run } from "./cli.ts";
import { requireProgram } from "./programs.ts";

const identity = [
  "-c",
  "user.name=A",
  "-c",
  "user.email=a@example.org",
  "-c",
  "commit.gpgsign=false",
];

/** Creates a git repository in a folder. Every command except `merge` must succeed. */
export async function createRepository(folder: string) {
  requireProgram("git");
  const git = async (...args: string[]): Promise<string> => {
    const result = await run(folder, "git", [...identity, ...args]);
    expect(result, `git ${args.join(" ")}\n${result.stdout}${result.stderr}`).toMatchObject({
      code: 0,
    });
    return result.stdout;
  };
  await git("init", "--quiet", "--initial-branch=main");
  return {
    git,
    /** Commits all changes. */
    commit: async (message: string) => {
      await git("add", "--all");
      await git("commit", "--quiet", "--message", message);
    },
    /** Merges a branch. Returns false if there are conflicts. */
    merge: async (branch: string): Promise<boolean> =>
      (await run(folder, "git", [...identity, "merge", "--quiet", "--no-edit", branch])).code === 0,
  };
}
