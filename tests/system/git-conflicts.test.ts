import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { splitConflicts } from "../../src/source/conflicts.ts";
import { requireProgram } from "../support/programs.ts";

describe("splitConflicts reads the files that git leaves in conflict", () => {
  let folder: string;

  beforeEach(() => {
    requireProgram("git");
    folder = mkdtempSync(join(tmpdir(), "fleet-conflicts-"));
    mkdirSync(join(folder, "meta"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const files = ["meta/_journal.json", "meta/0001_snapshot.json"] as const;

  function git(...args: readonly string[]): number | null {
    const { NODE_ENV, PATH } = process.env;
    const env = { NODE_ENV, PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: "1", LC_ALL: "C" };
    const who = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
    return spawnSync("git", [...who, ...args], { cwd: folder, env }).status;
  }

  function commit(contents: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(contents)) writeFileSync(join(folder, path), text);
    expect(git("add", ".")).toBe(0);
    expect(git("commit", "-m", "change")).toBe(0);
  }

  const entry = (idx: number, tag: string) => ({
    idx,
    version: "7",
    when: 1000 + idx,
    tag,
    breakpoints: true,
  });
  const journal = (...entries: readonly unknown[]) => ({
    version: "7",
    dialect: "postgresql",
    entries,
  });
  const column = (name: string) => ({
    [name]: { name, type: "text", primaryKey: false, notNull: true },
  });
  const snapshot = (id: string, columns: object) => ({
    id,
    prevId: "0",
    version: "7",
    tables: { "public.users": { name: "users", schema: "", columns } },
    enums: {},
    _meta: { columns: {}, schemas: {}, tables: {} },
  });

  /** Creates two branches from one commit, and checks out `left`. */
  function branches(write: (value: unknown) => string, style: string) {
    const side = (tag: string, columns: object) => ({
      "meta/_journal.json": write(journal(entry(0, "0000_first"), entry(1, tag))),
      "meta/0001_snapshot.json": write(snapshot(tag, columns)),
    });
    const left = side("0001_left", { ...column("id"), ...column("email") });
    const right = side("0001_right", { ...column("id"), ...column("phone"), ...column("city") });
    expect(git("init", "-b", "left")).toBe(0);
    git("config", "merge.conflictStyle", style);
    git("config", "core.autocrlf", "false");
    commit({ "meta/_journal.json": write(journal(entry(0, "0000_first"))) });
    git("checkout", "-b", "right");
    commit(right);
    git("checkout", "left");
    commit(left);
    return { left, right };
  }

  const split = (path: string) => {
    const text = readFileSync(join(folder, path), "utf8");
    expect(text).toMatch(/^<{7} /m);
    return splitConflicts(text);
  };

  const json = (value: unknown) => JSON.stringify(value, null, 2);
  const formats = {
    "line break at the end": (value: unknown) => `${json(value)}\n`,
    CRLF: (value: unknown) => `${json(value)}\n`.replaceAll("\n", "\r\n"),
  };
  const cases = ["merge", "diff3", "zdiff3"].flatMap((style) =>
    Object.entries(formats).map(([format, write]) => ({ style, format, write })),
  );

  test.each(cases)("merge, style $style, $format", ({ style, write }) => {
    const { left, right } = branches(write, style);
    expect(git("merge", "right")).toBe(1);
    for (const path of files)
      expect(split(path)).toEqual({ ours: left[path], theirs: right[path] });
  });

  test.each(cases)(
    'rebase, style $style, $format: "ours" is the other branch',
    ({ style, write }) => {
      const { left, right } = branches(write, style);
      expect(git("rebase", "right")).toBe(1);
      for (const path of files)
        expect(split(path)).toEqual({ ours: right[path], theirs: left[path] });
    },
  );

  test.each([
    ["merge", false],
    ["diff3", true],
    ["zdiff3", false],
  ])("style %s, as drizzle-kit writes: no line break at the end", (style, wholeFile) => {
    const { left, right } = branches(json, style);
    expect(git("merge", "right")).toBe(1);
    const [journalFile, snapshotFile] = files;
    expect(split(journalFile)).toEqual({ ours: left[journalFile], theirs: right[journalFile] });
    // In the file, the line break that git added before the marker cannot be told apart.
    const added = wholeFile ? "\n" : "";
    expect(split(snapshotFile)).toEqual({
      ours: left[snapshotFile] + added,
      theirs: right[snapshotFile] + added,
    });
  });
});
