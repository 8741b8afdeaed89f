import { expect, test } from "vitest";
import { readBranches } from "../../src/source/branches.ts";
import { createFolder } from "../support/fleet.ts";

const snapshot = (id: string, prevId: string) => JSON.stringify({ id, prevId }, null, 2);
const entry = (idx: number, tag: string, when: number) => {
  return { idx, version: "7", when, tag, breakpoints: true };
};
const journal = (...entries: readonly ReturnType<typeof entry>[]) =>
  JSON.stringify({ version: "7", dialect: "postgresql", entries }, null, 2);

test("a hand-written migration needs no snapshot if both branches have it, but needs one otherwise", async () => {
  const both = `<<<<<<< HEAD\n${snapshot("a", "base")}\n=======\n${snapshot("b", "base")}\n>>>>>>> b\n`;
  const base = [entry(0, "0000_base", 1), entry(1, "0001_by_hand", 2)];
  const files = {
    "meta/_journal.json": journal(...base, entry(2, "0002_a", 3), entry(2, "0002_b", 4)),
    "meta/0000_snapshot.json": snapshot("base", "0"),
    "meta/0002_snapshot.json": both,
  };
  const branches = await readBranches(await createFolder(files));
  const tags = (some: readonly { readonly entry: { readonly tag: string } }[] = []) =>
    some.map((one) => one.entry.tag);
  expect(tags(branches?.base)).toEqual(["0000_base", "0001_by_hand"]);
  expect(tags(branches?.ours)).toEqual(["0002_a"]);
  expect(tags(branches?.theirs)).toEqual(["0002_b"]);

  const line = journal(...base, entry(2, "0002_a", 3));
  const alone = {
    ...files,
    "meta/_journal.json": line,
    "meta/0002_snapshot.json": snapshot("a", "base"),
  };
  expect(await readBranches(await createFolder(alone))).toBeUndefined();

  const more = journal(
    ...base,
    entry(2, "0002_a", 3),
    entry(2, "0002_b", 4),
    entry(3, "0003_x", 5),
  );
  const lost = await createFolder({ ...files, "meta/_journal.json": more });
  await expect(readBranches(lost)).rejects.toThrow("0003_x has no snapshot");
});
