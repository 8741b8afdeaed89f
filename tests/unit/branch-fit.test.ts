import { describe, expect, test } from "vitest";
import { asJournalSnapshot } from "../../src/autogenerate/as-journal-snapshot.ts";
import { mergeSnapshots } from "../../src/autogenerate/merge-snapshots.ts";
import {
  check,
  column,
  conflictsOfBoth,
  enumColumn,
  enums,
  foreignKey,
  type Item,
  id,
  index,
  inSchema,
  named,
  on,
  role,
  snapshot,
  table,
  users,
} from "../support/snapshots.ts";

const view = (name: string, definition: string): Item => ({ name, schema: "public", definition });
const views = (...items: readonly Item[]) => ({ views: inSchema(items) });
const numbers = { sequences: inSchema([{ name: "numbers", schema: "public" }]) };
const posts = (columns: readonly Item[], more: Item = {}) => table("posts", columns, more);
const long = "x".repeat(63);

describe("conflicts: one name for two objects of different kinds or tables", () => {
  const plain = [users([id]), posts([id])];
  const byIndex = (name: string) => users([id], { indexes: named(index(name, "id")) });
  const ofPosts = (name: string) => posts([id], { indexes: named(index(name, "id")) });
  const withUsers = (more: Item) => snapshot([users([id], more), posts([id])]);
  const unique = withUsers({ uniqueConstraints: named(on("same", "id")) });

  test.each([
    [
      "index users.by and index posts.by",
      snapshot([byIndex("by"), posts([id])]),
      snapshot([users([id]), ofPosts("by")]),
    ],
    [
      `index users.${long}_users and index posts.${long}_posts`,
      snapshot([byIndex(`${long}_users`), posts([id])]),
      snapshot([users([id]), ofPosts(`${long}_posts`)]),
    ],
    [
      "table both and view both",
      snapshot([...plain, table("both", [id])]),
      snapshot(plain, views(view("both", "select 1"))),
    ],
    [
      "table role and enum role",
      snapshot([...plain, table("role", [id])]),
      snapshot(plain, enums(role("a"))),
    ],
    [
      "sequence numbers and index users.numbers",
      snapshot(plain, numbers),
      snapshot([byIndex("numbers"), posts([id])]),
    ],
    [
      "table numbers and sequence users.numbers",
      snapshot([users([{ ...id, identity: { name: "numbers" } }]), posts([id])]),
      snapshot([...plain, table("numbers", [id])]),
    ],
    [
      "unique constraint users.same and check users.same",
      unique,
      withUsers({ checkConstraints: named(check("same", "id > 0")) }),
    ],
    [
      "unique constraint users.same and index posts.same",
      unique,
      snapshot([users([id]), ofPosts("same")]),
    ],
  ])("%s", (expected, ours, theirs) => {
    const base = snapshot(plain);
    expect(conflictsOfBoth(base, ours, theirs)).toEqual([`the same name for ${expected}`]);
    expect(mergeSnapshots(base, ours, base).conflicts).toEqual([]);
  });

  test("not: an enum and an index with one name, or checks of two tables with one name", () => {
    const always = { checkConstraints: named(check("c", "true")) };
    const ours = snapshot([byIndex("role"), posts([id], always)]);
    const theirs = snapshot([users([id], always), posts([id])], enums(role("a")));
    expect(conflictsOfBoth(snapshot(plain), ours, theirs)).toEqual([]);
  });
});

describe("conflicts: an object that depends on something that the other side recreates", () => {
  const status = enumColumn("status", "role");
  const two = enums(role("a", "b"));
  const withPosts = (...columns: readonly Item[]) =>
    snapshot([users([id, status]), posts([id, ...columns])], two);
  const withUsers = (more: Item) => snapshot([users([id, status], more), posts([id])], two);
  const base = withPosts();
  const less = snapshot([users([id, status]), posts([id])], enums(role("a")));
  const partial = { ...index("by", "id"), where: "status = 'a'" };
  const policy = { name: "p", using: "exists (select from users where status = 'a')" };
  const ofPosts = posts([id], { policies: named(policy) });
  const onView = views(view("v", "select status from users"));

  test.each([
    ["enum role (column posts.status", withPosts(status)],
    ["enum role (column posts.s", withPosts(enumColumn("s", "role[]"))],
    [
      "enum role (column users.status",
      snapshot([users([id, { ...status, default: "'b'" }]), posts([id])], two),
    ],
    ["enum role (column users.status", snapshot([users([id]), posts([id])], two)],
    ["enum role (column users.status", snapshot([posts([id])], two)],
    ["column users.status (index users.by", withUsers({ indexes: named(partial) })],
    [
      "column users.status (check users.c",
      withUsers({ checkConstraints: named(check("c", "status <> 'b'")) }),
    ],
    ["column users.status (policy posts.p", snapshot([users([id, status]), ofPosts], two)],
    [
      "column users.status (view v",
      snapshot([users([id, status]), posts([id])], { ...two, ...onView }),
    ],
  ])("an enum loses a value, and %s depends on it", (expected, theirs) => {
    expect(conflictsOfBoth(base, less, theirs)).toEqual([`${expected} depends on it)`]);
  });

  test("an enum whose values are reordered is recreated; one that gains values is not", () => {
    const side = (...values: string[]) =>
      snapshot([users([id, status]), posts([id])], enums(role(...values)));
    const more = withPosts(status);
    expect(conflictsOfBoth(base, side("b", "a"), more)).toEqual([
      "enum role (column posts.status depends on it)",
    ]);
    expect(conflictsOfBoth(base, side("a", "c", "b"), more)).toEqual([]);
  });

  test("a column that changes its type affects its indexes and nothing else", () => {
    const n = column("n");
    const before = snapshot([users([id, n])]);
    const typed = snapshot([users([id, { ...n, type: "varchar" }])]);
    const conflicts = (more: Item, extra: Item = {}) =>
      conflictsOfBoth(before, typed, snapshot([users([id, n], more)], extra));
    expect(conflicts({ indexes: named(index("by", "n")) })).toEqual([]);
    expect(conflicts({ uniqueConstraints: named(on("u", "n")) })).toEqual([]);
    expect(conflicts({ checkConstraints: named(check("c", "n <> ''")) })).toEqual([
      "column users.n (check users.c depends on it)",
    ]);
    expect(conflicts({}, views(view("v", "select n from users")))).toEqual([
      "column users.n (view v depends on it)",
    ]);
  });

  test("a column with another expression affects its indexes when it is dropped", () => {
    const g = (as: string) => column("g", { generated: { as, type: "stored" } });
    const before = snapshot([users([id, g("1")])]);
    const theirs = snapshot([users([id, g("1")], { indexes: named(index("by", "g")) })]);
    expect(conflictsOfBoth(before, snapshot([users([id, g("2")])]), theirs)).toEqual([
      "column users.g (index users.by depends on it)",
    ]);
  });

  test("a view that is changed or dropped, and a view of it", () => {
    const first = view("v", "select id from users");
    const before = snapshot([users([id])], views(first));
    const other = views(view("v", "select id from users where id > 0"));
    const theirs = snapshot([users([id])], views(first, view("w", "select id from v")));
    expect(conflictsOfBoth(before, snapshot([users([id])], other), theirs)).toEqual([
      "view v (view w depends on it)",
    ]);
    expect(conflictsOfBoth(before, snapshot([users([id])]), theirs)).toEqual(["view w"]);
  });
});

describe("conflicts: an object that loses something it needs", () => {
  test("a foreign key to columns that are no longer unique", () => {
    const k = column("k");
    const key = { uniqueConstraints: named(on("u", "k")) };
    const to = { foreignKeys: named(foreignKey("f", "k", "users", "k")) };
    const base = snapshot([users([id, k], key), posts([id, k])]);
    const theirs = snapshot([users([id, k], key), posts([id, k], to)]);
    const ours = (more: Item) => snapshot([users([id, k], more), posts([id, k])]);
    const only = { indexes: named({ ...index("i", "k"), isUnique: true }) };
    expect(conflictsOfBoth(base, ours({}), theirs)).toEqual(["foreign key posts.f"]);
    expect(conflictsOfBoth(base, ours(only), theirs)).toEqual([]);
  });

  test("a default that takes its numbers from a sequence", () => {
    const n = column("n", { type: "integer", default: "nextval('numbers')" });
    const base = snapshot([users([id])], numbers);
    const theirs = snapshot([users([id, n])], numbers);
    expect(conflictsOfBoth(base, snapshot([users([id])]), theirs)).toEqual(["column users.n"]);
  });
});

test("two branches that enable row level security do not conflict, because the SQL can run twice", () => {
  const rls = snapshot([users([id], { isRLSEnabled: true })]);
  const { conflicts, repeated } = mergeSnapshots(snapshot([users([id])]), rls, rls);
  expect({ conflicts, repeated }).toEqual({ conflicts: [], repeated: [] });
});

test("schemas of drizzle-kit 1.0 are compared like those of 0.31", () => {
  const row = (entityType: string, name: string, more: Item) => {
    return { schema: "public", table: "users", entityType, name, ...more };
  };
  const ddl = [
    { entityType: "tables", schema: "public", name: "users", isRlsEnabled: true },
    { entityType: "enums", schema: "public", name: "role", values: ["a"] },
    row("columns", "roles", { type: "role", typeSchema: "public", dimensions: 2 }),
    row("indexes", "by", { columns: [{ value: "roles", isExpression: false }], where: null }),
    row("fks", "f", { columns: ["roles"], tableTo: "users", columnsTo: ["id"] }),
    row("policies", "p", { roles: ["public"], using: "true" }),
    row("pks", "users_pkey", { columns: ["id"] }),
    { entityType: "views", schema: "public", name: "v", definition: "select 1" },
    { entityType: "roles", name: "reader" },
  ];
  expect(asJournalSnapshot({ id: "1", ddl })).toMatchObject({
    id: "1",
    tables: {
      "public.users": {
        isRLSEnabled: true,
        columns: { roles: { type: "role[][]", typeSchema: "public" } },
        indexes: { by: { columns: [{ expression: "roles", isExpression: false }] } },
        foreignKeys: { f: { columnsFrom: ["roles"], tableTo: "users", columnsTo: ["id"] } },
        policies: { p: { to: ["public"] } },
        compositePrimaryKeys: { users_pkey: { columns: ["id"] } },
      },
    },
    enums: { "public.role": { values: ["a"] } },
    views: { "public.v": { definition: "select 1" } },
    roles: { reader: { name: "reader" } },
  });
});
