import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { createBranchesProject } from "../support/branches-project.ts";
import type { Installed } from "../support/cli.ts";

const enumOf = (...values: string[]) =>
  `export const e = pgEnum("e", [${values.map((value) => `"${value}"`).join(", ")}]);\n`;
const [full, less, more] = [enumOf("x", "y"), enumOf("x"), enumOf("x", "y", "z")];
/** A table with these columns, and with these indexes, constraints and policies. */
const table = (name: string, columns: string, extras = "") =>
  `export const ${name} = pgTable("${name}", { id: integer("id").primaryKey(), ${columns} }, (t) => [${extras}]);\n`;
const n = `n: text("n"),`;
const s = `s: e("s"),`;
const view = (name: string, body: string) =>
  `export const ${name} = pgView("${name}", { n: text("n") }).as(sql\`${body}\`);\n`;

interface Case {
  readonly base: string;
  readonly a: string;
  readonly b: string;
  /** The merged schema as a person would write it; by default `b`. */
  readonly merged?: string;
  /** Options for `generate` on branch a. */
  readonly flags?: readonly string[];
  readonly refused?: string;
}

const renamed = (extras: string, refused: string): Case => ({
  base: table("t", n),
  a: table("t", `n: text("m"),`),
  b: table("t", n, extras),
  flags: ["--rename", "column:t.n=m"],
  refused,
});

const cases: Readonly<Record<string, Case>> = {
  "an enum that loses a value, and a new column of it": {
    base: full + table("t", s) + table("u", n),
    a: less + table("t", s) + table("u", n),
    b: full + table("t", s) + table("u", n + s),
    refused: "column u.s",
  },
  "two indexes with the same name on two tables": {
    base: table("t", n) + table("u", n),
    a: table("t", n, `index("by").on(t.n)`) + table("u", n),
    b: table("t", n) + table("u", n, `index("by").on(t.n)`),
    refused: "index t.by and index u.by",
  },
  "a table and a view with the same name": {
    base: table("t", n),
    a: table("t", n) + table("v", n),
    b: table("t", n) + view("v", `select n from t`),
    refused: "table v and view v",
  },
  "a renamed column, and an expression index on it": renamed(
    `index("by").on(sql\`lower(\${t.n})\`)`,
    "index t.by",
  ),
  "a renamed column, and a policy that uses it": renamed(
    `pgPolicy("p", { using: sql\`\${t.n} <> ''\` })`,
    "policy t.p",
  ),
  "a dropped unique constraint, and a foreign key that needs it": {
    base: table("t", `k: integer("k"),`, `unique("k_only").on(t.k)`) + table("u", n),
    a: table("t", `k: integer("k"),`) + table("u", n),
    b:
      table("t", `k: integer("k"),`, `unique("k_only").on(t.k)`) +
      table("u", `${n} k: integer("k").references(() => t.k),`),
    refused: "foreign key u.",
  },
  "a column with a new type, and a view of it": {
    base: table("t", `n: integer("n"),`),
    a: table("t", `n: text("n"),`),
    b: table("t", `n: integer("n"),`) + view("v", `select n::text as n from t`),
    refused: "view v",
  },
  "NOT NULL, and an index": {
    base: table("t", n),
    a: table("t", `n: text("n").notNull(),`),
    b: table("t", n, `index("by").on(t.n)`),
    merged: table("t", `n: text("n").notNull(),`, `index("by").on(t.n)`),
  },
  "an enum gains a value, and a column": {
    base: full + table("t", s) + table("u", n),
    a: more + table("t", s) + table("u", n),
    b: full + table("t", s) + table("u", n + s),
    merged: more + table("t", s) + table("u", n + s),
  },
  "two policies of one table": {
    base: table("t", n),
    a: table("t", n, `pgPolicy("p", { using: sql\`true\` })`),
    b: table("t", n, `pgPolicy("q", { using: sql\`false\` })`),
    merged: table(
      "t",
      n,
      `pgPolicy("p", { using: sql\`true\` }), pgPolicy("q", { using: sql\`false\` })`,
    ),
  },
};

describe.each<Installed>(["journal", "folders"])(
  "in the layout %s",
  { timeout: 120_000 },
  (installed) => {
    test.each(Object.entries(cases))(
      "%s",
      async (_, { base, a, b, merged, flags = [], refused }) => {
        const project = await createBranchesProject(installed);
        const { cli, generate, git, branch, database } = project;
        await branch(
          base,
          () => generate("a", a, "--no-proof", ...flags),
          () => generate("b", b, "--no-proof"),
          merged ?? b,
        );
        const before = await git("status", "--porcelain");
        if (refused === undefined) {
          await cli(0, "merge", "--offline");
          await cli(0, "check", "--database", database.url);
          return;
        }
        const result = await cli(2, "merge", "--offline");
        expect(result.stderr).toContain("both branches change the same");
        expect(result.stderr).toContain(refused);
        expect(await git("status", "--porcelain")).toBe(before);
      },
    );

    test("finds a conflict in hand-written SQL, which is in no snapshot, on a server", async () => {
      const project = await createBranchesProject(installed);
      const { cli, generate, git, branch, at, tags } = project;
      const files = (tag = "") =>
        installed === "journal"
          ? [at(`${tag}.sql`), at(`${tag}.down.sql`)]
          : [at(`${tag}/migration.sql`), at(`${tag}/down.sql`)];
      await branch(
        table("t", n),
        async () => {
          await cli(0, "generate", "app", "--custom", "--name", "a");
          const [up = "", down = ""] = files((await tags()).at(-1));
          await writeFile(up, "CREATE VIEW by_hand AS SELECT n FROM t;\n");
          await writeFile(down, "DROP VIEW by_hand;\n");
        },
        () => generate("b", table("t", ""), "--no-proof"),
        table("t", ""),
      );
      const before = await git("status", "--porcelain");
      const result = await cli(2, "merge");
      expect(result.stderr).toContain("the branches conflict: cannot drop column n");
      expect(result.stderr).toContain("view by_hand");
      expect(await git("status", "--porcelain")).toBe(before);
      await cli(0, "merge", "--no-proof");
    });
  },
);
